/// A promise that was not kept.
package struct Violation: Sendable, Hashable, CustomStringConvertible {
    /// Which promise.
    package enum Kind: String, Sendable, CaseIterable {
        /// A planned time of a definition was queued a second time.
        case enqueuedTwice = "enqueued twice"
        /// A planned time was stepped over: neither queued, nor one of several missed ones for which one run makes up.
        case missing
        /// A definition is due and nobody runs it any more.
        case stuck
        /// An edit was taken back, in whole or in part.
        case editUndone = "edited and undone"
        /// An edit that Redis had acknowledged is nowhere in its history.
        case editLost = "acknowledged edit lost"
        /// A tick wrote to a definition that had been deleted.
        case resurrected
        /// A run was queued from a definition that had changed or been switched off before.
        case stale
        /// Hash, queue entry and schedule of a run did not move together.
        case incomplete
        /// A run was queued that nobody had planned, or before its time.
        case unplanned
        /// The schedule was moved to a time that is none of the definition's.
        case offSchedule = "off its schedule"
        /// A run was queued while an earlier one was queued or running, against the definition's policy.
        case overlapped = "beside an open run"
        /// A run was stopped by its worker, and not for a later one.
        case stoppedUnasked = "stopped unasked"
        /// More runs were queued than the definition may have, or they were not counted.
        case overLimit = "more runs than allowed"
        /// A run was queued before the start, after the end, at an excluded time or in a pause.
        case outOfBounds = "outside its bounds"
        /// A planned time was refused, and queued all the same.
        case refusedAndQueued = "refused and queued"
        /// What is recorded of a run is wrong, missing, there twice, or kept of a definition that is gone.
        case wrongRecord = "run without its record"
        /// A scheduler ended by itself, or did not end when it was asked to.
        case ended = "scheduler ended or hung"
        /// Nothing was queued for too long after a fault had passed.
        case notRecovered = "not recovered"
    }

    package let kind: Kind
    /// What it happened to, where it is one definition.
    package let definition: String?
    /// When, as near as can be told.
    package let time: WireTime?
    package let detail: String

    package init(_ kind: Kind, of definition: String? = nil, at time: WireTime? = nil, _ detail: String) {
        self.kind = kind
        self.definition = definition
        self.time = time
        self.detail = detail
    }

    package var description: String {
        let parts = [time?.description, definition, detail].compactMap(\.self)
        return "\(kind.rawValue): \(parts.joined(separator: " "))"
    }
}
