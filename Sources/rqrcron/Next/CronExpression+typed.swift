import Cron

extension CronExpression {
    /// An expression that someone typed to see what it does: an `R` in it is drawn, as registering it would.
    init(typed text: String) throws(CommandFailure) {
        do {
            var generator = SystemRandomNumberGenerator()
            try self.init(Self.drawingRandomFields(text, using: &generator))
        } catch {
            throw CommandFailure(error.description)
        }
    }
}
