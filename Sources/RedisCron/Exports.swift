// One import is enough for an app: the API speaks of JSON values and instants that other modules of the package define.
// Those modules are not products, so an app could not name their types otherwise.
@_exported public import Cron
@_exported public import RQWire
@_exported public import RedisBridge

@_exported public import struct CronFiles.CronJobDeclaration
@_exported public import struct CronFiles.CronJobDeclarations
