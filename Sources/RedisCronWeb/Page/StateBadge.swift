/// The state of a definition in a word and a shape, so that colour is not needed.
struct StateBadge: Sendable {
    let state: CatalogueState

    var html: HTML {
        "<span class=\"state \(state.rawValue)\">\(shape)\(state.rawValue)</span>"
    }

    /// A picture of the same size for each; the word beside it says the same.
    var shape: HTML {
        "<svg class=\"shape\" viewBox=\"0 0 12 12\" width=\"12\" height=\"12\" aria-hidden=\"true\" focusable=\"false\">\(drawing)</svg>"
    }

    private var drawing: HTML {
        switch state {
        case .running: "<path d=\"M3 1.5v9l7.5-4.5z\"/>"
        case .paused: "<path d=\"M2.5 1.5h2.5v9H2.5zM7 1.5h2.5v9H7z\"/>"
        case .snoozed: "<path d=\"M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1zm-.7 2h1.4v3l2 1.3-.7 1.1-2.7-1.7z\"/>"
        case .finished: "<path d=\"M1.5 6.3 3 4.8l2 2 4-4 1.5 1.5L5 9.8z\"/>"
        case .disabled: "<path d=\"M1.5 5h9v2h-9z\"/>"
        case .failing:
            "<path d=\"M2.8 1.4 6 4.6l3.2-3.2 1.4 1.4L7.4 6l3.2 3.2-1.4 1.4L6 7.4l-3.2 3.2-1.4-1.4L4.6 6 1.4 2.8z\"/>"
        case .overdue: "<path d=\"M6 .8 11.6 11H.4zM5.3 4.4v3.2h1.4V4.4zm0 4v1.3h1.4V8.4z\"/>"
        case .invalid: "<path d=\"M6 1 11 6 6 11 1 6zM5.3 3.4v3.2h1.4V3.4zm0 4v1.3h1.4V7.4z\"/>"
        }
    }

    /// What the word means.
    static func meaning(_ state: CatalogueState) -> String {
        switch state {
        case .running: "goes on as planned"
        case .paused: "until somebody resumes it"
        case .snoozed: "paused until a time"
        case .finished: "has reached its end or limit"
        case .disabled: "switched off"
        case .failing: "its last run went wrong"
        case .overdue: "its run has been due for more than 5 s"
        case .invalid: "cannot be read, and never runs"
        }
    }
}
