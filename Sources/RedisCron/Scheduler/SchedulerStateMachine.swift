/// Where a scheduler stands in its life, and where it may go from there.
///
/// Pure: it takes what happened and says what to do.
///
/// ```
///            run()/registerBirth()              lock taken
///   idle ─────────────────────────▶ acquiring ─────────────▶ leading
///                                    │  ▲  ▲                  │   │
///                       lock is held │  │  └──────────────────┘   │
///                         (.standBy) ▼  │       lock lost         │
///                                  waiting                        │
///                                    │            stop            │
///                                    └──────────▶ draining ◀──────┘
///                                                    │ released
///                                                    ▼
///                                                 stopped
/// ```
struct SchedulerStateMachine: Sendable {
    /// A place in a scheduler's life.
    enum State: Sendable, Hashable {
        /// Nothing was begun.
        case idle
        /// It asks for the lock.
        case acquiring
        /// Another scheduler leads; it asks again later.
        case waiting
        /// The lock is ours.
        case leading(Lease)
        /// It was asked to stop: what is in flight is finished, then everything is released.
        case draining(Lease?)
        /// It is over.
        case stopped
    }

    /// What to do after the lock was asked for.
    enum AcquisitionAction: Sendable, Hashable {
        /// Register, and begin to enqueue.
        case lead(Lease)
        /// Ask again after a while.
        case wait
        /// Give up: another scheduler leads.
        case fail
        /// Nothing more: a stop was asked for meanwhile, and whatever was taken is released with everything else.
        case stop
    }

    private(set) var state: State = .idle
    /// What a held lock means.
    let whenLockHeld: LockHeldPolicy

    init(whenLockHeld: LockHeldPolicy) {
        self.whenLockHeld = whenLockHeld
    }

    /// The lease, while the lock is ours.
    var lease: Lease? {
        switch state {
        case .leading(let lease): lease
        case .draining(let lease): lease
        case .idle, .acquiring, .waiting, .stopped: nil
        }
    }

    /// Whether batches may be sent: the lock is ours and can be trusted at this time.
    func mayEnqueue(at now: Duration) -> Bool {
        if case .leading(let lease) = state { lease.isTrusted(at: now) } else { false }
    }

    /// Whether a stop was asked for.
    var isStopping: Bool {
        switch state {
        case .draining, .stopped: true
        case .idle, .acquiring, .waiting, .leading: false
        }
    }

    /// Begins, or asks for the lock again.
    ///
    /// - Returns: Whether to ask for it; not while leading, nor once a stop was asked for.
    mutating func acquire() -> Bool {
        switch state {
        case .idle, .waiting, .acquiring:
            state = .acquiring
            return true
        case .leading, .draining, .stopped:
            return false
        }
    }

    /// The lock was asked for and the answer is here.
    mutating func lockAnswered(_ lease: Lease?) -> AcquisitionAction {
        switch (state, lease) {
        case (.acquiring, let lease?):
            state = .leading(lease)
            return .lead(lease)
        case (.acquiring, nil):
            switch whenLockHeld {
            case .fail:
                state = .idle
                return .fail
            case .standBy:
                state = .waiting
                return .wait
            }
        case (.idle, _), (.waiting, _), (.leading, _), (.draining, _), (.stopped, _): return .stop
        }
    }

    /// Redis extended the lock in answer to a command sent at that time.
    mutating func renewed(token: String, sentAt: Duration) {
        switch state {
        case .leading(var lease) where lease.token == token:
            lease.renew(sentAt: sentAt)
            state = .leading(lease)
        case .draining(.some(var lease)) where lease.token == token:
            lease.renew(sentAt: sentAt)
            state = .draining(lease)
        case .idle, .acquiring, .waiting, .leading, .draining, .stopped:
            break
        }
    }

    /// Redis said that the lock of that token is not ours.
    ///
    /// - Returns: Whether we believed that we lead until now; a late answer about an older lease changes nothing.
    mutating func lockLost(token: String) -> Bool {
        switch state {
        case .leading(let lease) where lease.token == token:
            state = .acquiring
            return true
        case .draining(let lease?) where lease.token == token:
            state = .draining(nil)
            return true
        case .idle, .acquiring, .waiting, .leading, .draining, .stopped:
            return false
        }
    }

    /// A stop was asked for.
    mutating func stop() {
        switch state {
        case .leading(let lease): state = .draining(lease)
        case .idle, .acquiring, .waiting: state = .draining(nil)
        case .draining, .stopped: break
        }
    }

    /// Everything is released.
    ///
    /// - Parameter again: Whether the scheduler may begin anew, as after `registerDeath()`.
    mutating func released(mayBeginAgain again: Bool) {
        state = again ? .idle : .stopped
    }
}
