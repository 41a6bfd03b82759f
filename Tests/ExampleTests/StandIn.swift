/// What the snippets use of packages that this one does not depend on, with the declarations of those packages.
struct StandIn: Sendable {
    let module: String
    var imports: [String] = []
    let text: String

    static let all = [logging, metrics, serviceLifecycle, httpTypes, nioCore, hummingbird]

    private static let logging = StandIn(
        module: "Logging",
        text: """
            public struct Logger: Sendable {
                public enum Level: String, Codable, CaseIterable, Sendable {
                    case trace, debug, info, notice, warning, error, critical
                }
                public struct Message: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, Sendable {
                    public init(stringLiteral value: String) {}
                }
                public init(label: String) {}
                public func log(
                    level: Logger.Level, _ message: @autoclosure () -> Logger.Message,
                    source: @autoclosure () -> String? = nil, file: String = #fileID, function: String = #function,
                    line: UInt = #line
                ) {}
            }
            """)

    private static let metrics = StandIn(
        module: "Metrics",
        text: """
            public final class Counter: Sendable {
                public convenience init(label: String, dimensions: [(String, String)] = []) { self.init() }
                private init() {}
                public func increment<DataType: BinaryInteger>(by amount: DataType) {}
                public func increment() {}
            }
            public final class Timer: Sendable {
                public convenience init(label: String, dimensions: [(String, String)] = []) { self.init() }
                private init() {}
                public func recordSeconds<DataType: BinaryFloatingPoint>(_ duration: DataType) {}
            }
            """)

    private static let serviceLifecycle = StandIn(
        module: "ServiceLifecycle", imports: ["Logging"],
        text: """
            public import Logging

            public protocol Service: Sendable {
                func run() async throws
            }
            public struct UnixSignal: Hashable, Sendable {
                public static let sigterm = UnixSignal()
                public static let sigint = UnixSignal()
            }
            public func cancelWhenGracefulShutdown<T: Sendable>(
                isolation: isolated (any Actor)? = #isolation, _ operation: @Sendable @escaping () async throws -> T
            ) async rethrows -> T { try await operation() }
            public actor ServiceGroup {
                public init(
                    services: [any Service], gracefulShutdownSignals: [UnixSignal] = [],
                    cancellationSignals: [UnixSignal] = [], logger: Logger
                ) {}
                public func run() async throws {}
            }
            """)

    private static let httpTypes = StandIn(
        module: "HTTPTypes",
        text: """
            public struct HTTPField: Sendable, Hashable {
                public struct Name: Sendable, Hashable {
                    public let rawName: String
                    public init?(_ name: String) { rawName = name }
                }
                public var name: Name
                public var value: String
                public init(name: Name, value: String) { (self.name, self.value) = (name, value) }
            }
            public struct HTTPFields: Sendable, Hashable, RandomAccessCollection, RangeReplaceableCollection {
                private var fields: [HTTPField] = []
                public init() {}
                public var startIndex: Int { 0 }
                public var endIndex: Int { fields.count }
                public subscript(position: Int) -> HTTPField { fields[position] }
                public mutating func replaceSubrange(
                    _ range: Range<Int>, with elements: some Collection<HTTPField>
                ) { fields.replaceSubrange(range, with: elements) }
            }
            public struct HTTPRequest: Sendable, Hashable {
                public struct Method: Sendable, Hashable, RawRepresentable {
                    public var rawValue: String
                    public init?(rawValue: String) { self.rawValue = rawValue }
                }
                public var authority: String?
                public var path: String?
            }
            public struct HTTPResponse: Sendable, Hashable {
                public struct Status: Sendable, Hashable {
                    public init(code: Int, reasonPhrase: String = "") {}
                }
            }
            """)

    private static let nioCore = StandIn(
        module: "NIOCore",
        text: """
            public struct ByteBufferView: Sendable, RandomAccessCollection {
                private let bytes: [UInt8] = []
                public var startIndex: Int { 0 }
                public var endIndex: Int { bytes.count }
                public subscript(position: Int) -> UInt8 { bytes[position] }
            }
            public struct ByteBuffer: Sendable {
                public init(bytes: some Sequence<UInt8>) {}
                public var readableBytesView: ByteBufferView { ByteBufferView() }
            }
            """)

    private static let hummingbird = StandIn(
        module: "Hummingbird", imports: ["HTTPTypes", "NIOCore"],
        text: """
            public import HTTPTypes
            public import NIOCore

            public struct URI: Sendable {
                public var path: String { "" }
            }
            public struct RequestBody: Sendable {
                public func collect(upTo maxSize: Int) async throws -> ByteBuffer { ByteBuffer(bytes: []) }
            }
            public struct Request: Sendable {
                public let uri: URI
                public let head: HTTPRequest
                public let body: RequestBody
                public var method: HTTPRequest.Method { .init(rawValue: "GET")! }
                public var headers: HTTPFields { HTTPFields() }
            }
            public struct ResponseBody: Sendable {
                public init(byteBuffer: ByteBuffer) {}
                public init<BufferSequence: AsyncSequence & Sendable>(
                    asyncSequence: BufferSequence
                ) where BufferSequence.Element == ByteBuffer {}
            }
            public struct Response: Sendable {
                public init(
                    status: HTTPResponse.Status, headers: HTTPFields = .init(),
                    body: ResponseBody = .init(byteBuffer: .init(bytes: []))
                ) {}
            }
            public protocol MiddlewareProtocol<Input, Output, Context>: Sendable {
                associatedtype Input
                associatedtype Output
                associatedtype Context
                func handle(
                    _ input: Input, context: Context, next: (Input, Context) async throws -> Output
                ) async throws -> Output
            }
            public protocol RouterMiddleware<Context>: MiddlewareProtocol where Input == Request, Output == Response {}
            """)
}
