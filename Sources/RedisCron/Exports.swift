// One import is enough for an app: the API speaks of these types, which modules below define that are not products.
@_exported public import struct CronFiles.CronJobDeclaration
@_exported public import struct CronFiles.CronJobDeclarations
@_exported public import struct RQWire.CallSpec
@_exported public import struct RQWire.JSONError
@_exported public import struct RQWire.JSONInteger
@_exported public import struct RQWire.JSONObject
@_exported public import struct RQWire.JSONString
@_exported public import enum RQWire.JSONValue
@_exported public import struct RQWire.JobRetry
@_exported public import enum RQWire.JobSerializer
@_exported public import struct RQWire.JobWebhook
@_exported public import struct RQWire.RunPolicy
@_exported public import struct RQWire.ScheduleSpec
@_exported public import struct RQWire.Timestamp
@_exported public import class RedisBridge.RedisEventLoop
