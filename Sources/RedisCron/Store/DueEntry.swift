/// An entry of the index as it was read: an id and its score.
struct DueEntry: Sendable, Hashable {
    /// The definition's id.
    let id: DefinitionID
    /// The score in the very bytes in which Redis wrote it: the compare and set compares these.
    let rawScore: [UInt8]
    /// The score as a number of Unix seconds.
    let score: Double
}
