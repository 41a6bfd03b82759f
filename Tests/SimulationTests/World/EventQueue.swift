/// What is to happen in a simulated world, by its time in microseconds.
///
/// Few things wait at any time, so a list that is searched is quicker than a heap.
struct EventQueue {
    typealias Action = (World) -> Void

    private struct Event {
        let time: Int64
        /// Decides between events of the same time.
        let salt: UInt64
        let action: Action
    }

    private var events: [Event] = []
    /// When the next event is due, `Int64.max` if there is none.
    private(set) var nextTime: Int64 = .max
    private var next = -1

    mutating func add(at time: Int64, salt: UInt64, _ action: @escaping Action) {
        events.append(Event(time: time, salt: salt, action: action))
        // The same time twice is rare, and then the salt decides.
        if time < nextTime {
            nextTime = time
            next = events.count - 1
        } else if time == nextTime {
            findNext()
        }
    }

    /// Takes out the next event.
    mutating func pop() -> Action? {
        guard next >= 0 else { return nil }
        let action = events[next].action
        let last = events.removeLast()
        if next < events.count { events[next] = last }
        findNext()
        return action
    }

    private mutating func findNext() {
        nextTime = .max
        next = -1
        var salt: UInt64 = .max
        var position = events.count - 1
        while position >= 0 {
            let time = events[position].time
            if time <= nextTime, time < nextTime || events[position].salt < salt {
                nextTime = time
                salt = events[position].salt
                next = position
            }
            position -= 1
        }
    }
}
