/// Does something with one input after the other, several at the same time, and hands the results on in the order of the inputs.
///
/// - Parameters:
///   - ahead: How many are under way at the same time, at most.
///   - next: The next input; `nil` when there are no more.
///   - work: What is done with each, in a task of its own.
///   - take: Gets the results one after the other; no further input is asked for before it is done.
/// - Throws: What `next` and `take` throw, and what `work` throws for the first input for which it does.
package func inOrder<Input: Sendable, Output: Sendable>(
    ahead: Int = 4, next: () async throws -> Input?, work: @escaping @Sendable (Input) async throws -> Output,
    take: (Input, Output) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: (number: Int, input: Input, result: Result<Output, any Error>).self) { group in
        var begun = 0
        func begin() async throws {
            guard let input = try await next() else { return }
            let number = begun
            begun += 1
            group.addTask {
                do {
                    return (number, input, .success(try await work(input)))
                } catch {
                    return (number, input, .failure(error))
                }
            }
        }
        for _ in 0..<ahead { try await begin() }
        // What is done before its turn.
        var early: [Int: (input: Input, result: Result<Output, any Error>)] = [:]
        var taken = 0
        while let (number, input, result) = try await group.next() {
            early[number] = (input, result)
            while let (input, result) = early.removeValue(forKey: taken) {
                taken += 1
                let output = try result.get()
                try await begin()
                try await take(input, output)
            }
        }
    }
}
