import ProcessSpawn
import RedisCron
import RedisCronWeb

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads `--http-token-file`.
enum TokenFile {
    /// More would not be a token.
    private static let mostBytes = 4_096
    /// What nobody but the owner may do: everything for others, and for the group all but reading.
    ///
    /// Kubernetes mounts a secret with mode
    /// 0440 where a pod has an `fsGroup`, since it belongs to root, and the container's user is in that group alone.
    private static let forbidden: mode_t = 0o037

    /// - Throws: ``UsageError`` that names the file: it cannot be read, others may read it, its group may write it, or it holds no token. What it holds is not
    ///   shown.
    static func token(in path: String) throws(UsageError) -> CronWebToken {
        do {
            return try CronWebToken(try content(of: path))
        } catch let error as UsageError {
            throw error
        } catch let error as RedisCronError {
            throw UsageError("--http-token-file \(path): the token \(error.message)")
        } catch {
            throw UsageError("--http-token-file \(path): \(error)")
        }
    }

    private static func content(of path: String) throws(UsageError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw UsageError("--http-token-file \(path): \(SystemCall.explain(errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw UsageError("--http-token-file \(path): not a file")
        }
        guard status.st_mode & forbidden == 0 else {
            throw UsageError(
                "--http-token-file \(path): others may read it, or its group may write it; chmod 600 \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: mostBytes)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw UsageError("--http-token-file \(path): \(SystemCall.explain(errno))") }
        return Array(bytes[..<count])
    }
}
