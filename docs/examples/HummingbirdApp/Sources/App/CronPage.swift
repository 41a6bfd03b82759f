import HTTPTypes
import Hummingbird
import NIOCore
import RedisCronWeb

struct CronPage<Context>: RouterMiddleware {
    let web: CronWeb

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        guard path == "/cron" || path.hasPrefix("/cron/") else { return try await next(request, context) }
        var headers: CronWebHeaders = ["Host": request.head.authority ?? ""]
        for field in request.headers { headers.append(field.name.rawName, field.value) }
        let body = try await request.body.collect(upTo: CronWeb.mostBodyBytes)
        let answer = await web.respond(
            to: CronWebRequest(
                method: request.method.rawValue, target: request.head.path ?? "", headers: headers,
                body: Array(body.readableBytesView)))

        var fields = HTTPFields()
        answer.headers.forEach { name, value in
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        let content =
            switch answer.body {
            case .bytes(let bytes): ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
            case .stream(let pieces): ResponseBody(asyncSequence: pieces.map { ByteBuffer(bytes: $0) })
            }
        return Response(status: HTTPResponse.Status(code: answer.status), headers: fields, body: content)
    }
}
