/// Which server holds the data, and where it has them from: as long as that is the same, nothing is lost of what it accepted.
///
/// A process has the same run id as long as it lives. But one that became a replica, took over the data of its master and was promoted
/// again has lived on with other data. The replication id changes with each of these.
package struct ServerLineage: Sendable, Hashable {
    /// The process.
    package let runID: String
    /// The history of its data.
    package let replicationID: String

    package init(runID: String, replicationID: String) {
        self.runID = runID
        self.replicationID = replicationID
    }

    /// What the answer to `INFO` says; `nil` if it has not both ids, as that of a proxy that makes up its own.
    init?(info: String) {
        let fields = ServerFacts.fields(info)
        guard let runID = fields["run_id"], let replicationID = fields["master_replid"], Self.isID(runID),
            Self.isID(replicationID)
        else { return nil }
        self.init(runID: runID, replicationID: replicationID)
    }

    /// Whether that is an id as servers draw it.
    private static func isID(_ text: String) -> Bool {
        text.utf8.count == 40 && text.allSatisfy(\.isHexDigit) && text.contains { $0 != "0" }
    }
}
