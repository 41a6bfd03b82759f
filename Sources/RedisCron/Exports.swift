// One import is enough for an app: the API speaks of URLs, JSON values, instants and zones that other modules of the
// package define. Those are not products of their own, so an app could not name them otherwise.
@_exported public import Cron
@_exported public import RQWire
@_exported public import RedisBridge
