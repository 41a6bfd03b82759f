package import RQWire

/// Settings in the form in which they are sent, made once for all definitions that have them.
package final class JobTemplate: Sendable {
    package let settings: JobSettings
    /// The fields that they come to in a job's hash, for a dump of it; `nil` when they are too long for one.
    let dumpedFields: HashDump.Fields?

    package init(_ settings: JobSettings) {
        self.settings = settings
        dumpedFields = HashDump.Fields(RQJobHash.fields(of: settings))
    }

    /// The same fields one by one: for the few jobs that are sent field by field.
    var fields: [(field: String, value: [UInt8])] { RQJobHash.fields(of: settings) }
}
