import CZlib

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Compresses into the zlib format (RFC 1950), as RQ stores a job's call.
enum ZlibStream {
    /// Below that many bytes the text is wrapped uncompressed, which every reader of zlib accepts.
    ///
    /// Compression would save a few bytes in a hundred of so short a call and costs ten times as much.
    private static let storedBelow = 200

    /// A stream that `zlib.decompress` reads, holding these bytes.
    static func compress(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.count < storedBelow { return store(bytes) }
        return deflate(bytes) ?? store(bytes)
    }

    /// What a stream holds; `nil` when it is no whole stream, or holds more than `limit` bytes.
    static func decompress(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        var size = UInt(limit)
        var isComplete = false
        let result = [UInt8](unsafeUninitializedCapacity: limit) { target, count in
            isComplete = uncompress(target.baseAddress, &size, bytes, UInt(bytes.count)) == Z_OK
            count = isComplete ? Int(size) : 0
        }
        return isComplete ? result : nil
    }

    private static func store(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 11 + bytes.count / 65_535 * 5)
        // Window of 32 KiB, fastest algorithm; the check bits make it a multiple of 31.
        result.append(0x78)
        result.append(0x01)
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(65_535)
            rest = rest.dropFirst(block.count)
            result.append(rest.isEmpty ? 1 : 0)
            let length = UInt16(block.count)
            for half in [length, ~length] {
                result.append(UInt8(truncatingIfNeeded: half))
                result.append(UInt8(truncatingIfNeeded: half >> 8))
            }
            result.append(contentsOf: block)
        } while !rest.isEmpty
        let checksum = bytes.withUnsafeBufferPointer { adler32_z(1, $0.baseAddress, $0.count) }
        for shift in [24, 16, 8, 0] { result.append(UInt8(truncatingIfNeeded: checksum >> UInt(shift))) }
        return result
    }

    /// `nil` when zlib cannot be used: no memory for its state, or more bytes than its counters hold.
    private static func deflate(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count <= UInt32.max / 2, let stream = ThreadStream.current() else { return nil }
        guard deflateReset(stream) == Z_OK else { return nil }
        let bound = Int(deflateBound(stream, UInt(bytes.count)))
        var isComplete = false
        let result = bytes.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: bound) { target, count in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(bound)
                isComplete = CZlib.deflate(stream, Z_FINISH) == Z_STREAM_END
                count = isComplete ? bound - Int(stream.pointee.avail_out) : 0
                stream.pointee.next_in = nil
                stream.pointee.next_out = nil
            }
        }
        return isComplete ? result : nil
    }
}

/// One zlib state for each thread, since making one costs many times what compressing a job's call does.
///
/// Only its own thread ever sees a state, by way of a pthread key, and the key's destructor frees it when the thread
/// ends.
private enum ThreadStream {
    static func current() -> UnsafeMutablePointer<z_stream>? {
        guard let key else { return nil }
        if let state = pthread_getspecific(key) { return state.assumingMemoryBound(to: z_stream.self) }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = deflateInit_(
            stream, Z_DEFAULT_COMPRESSION, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK, pthread_setspecific(key, stream) == 0 else {
            free(stream)
            return nil
        }
        return stream
    }

    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        let status = pthread_key_create(&key) { state in
            #if canImport(Darwin)
                ThreadStream.free(state.assumingMemoryBound(to: z_stream.self))
            #else
                guard let state else { return }
                ThreadStream.free(state.assumingMemoryBound(to: z_stream.self))
            #endif
        }
        return status == 0 ? key : nil
    }()

    private static func free(_ stream: UnsafeMutablePointer<z_stream>) {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }
}
