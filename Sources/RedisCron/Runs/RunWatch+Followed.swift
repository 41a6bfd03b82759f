import RQWire
import RedisBridge

extension RunWatch {
    /// A run that is followed.
    struct Followed: Sendable {
        let run: TrackedRun
        var memory: RunMemory
        var place: RunPlace
        /// What is recorded of it; of a run that another leader recorded it is not known before it is asked for.
        var recorded: EndedRun? {
            get { recordedEnd?.value }
            set { recordedEnd = newValue.map(Box.init) }
        }
        /// Whether it is not known where it stands: a call that would have moved it got no answer, or did not find it there.
        var isUncertain = false
        /// What such a call would have recorded, of which nobody was told.
        var untold: EndedRun? {
            get { untoldEnd?.value }
            set { untoldEnd = newValue.map(Box.init) }
        }
        /// The number of the portion in which it stands, with others; it is looked at with them.
        var portion: Int?
        var look: PlannedLook?
        /// Most runs have neither, and there may be a million of them.
        private var recordedEnd: Box<EndedRun>?
        private var untoldEnd: Box<EndedRun>?

        init(run: TrackedRun, memory: RunMemory, place: RunPlace) {
            self.run = run
            self.memory = memory
            self.place = place
        }
    }

    /// When the next look at a run is due, and in which queue it stands.
    struct PlannedLook: Sendable {
        let id: DeadlineQueue<Look>.ID
        let deadline: Duration
        let isReview: Bool
    }

    /// A portion, as Redis holds it.
    struct Held: Sendable {
        let portion: RunPortion
        /// Whether it is not known that it still stands there: a call that would have taken it out got no answer.
        var isUncertain = false
        /// Whether a look at it failed: its runs are looked at one by one.
        var hasFailed = false
        /// When it is time to look at it.
        var deadline: Duration = .zero
        var look: DeadlineQueue<Look>.ID?
    }

    /// At what it is time to look.
    enum Look: Sendable {
        case run(RQJobID)
        case portion(Int)
    }
}

/// A value in memory of its own.
private final class Box<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
