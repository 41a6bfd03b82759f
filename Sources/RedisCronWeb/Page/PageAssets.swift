/// The style, the script and the icon: parts of the program, at addresses that hold a hash of their content, so that a browser may
/// keep them for good and still never has an old one.
enum PageAssets {
    private struct Asset {
        let name: String
        let type: String
        let bytes: [UInt8]
        let hash: String

        init(_ name: String, _ type: String, _ bytes: [UInt8]) {
            (self.name, self.type, self.bytes, hash) = (name, type, bytes, PageAssets.hash(of: bytes))
        }
    }

    private static let all = [
        Asset("page.css", "text/css; charset=utf-8", PackageResources.page_css),
        Asset("page.js", "text/javascript; charset=utf-8", PackageResources.page_js),
        Asset("icon.svg", "image/svg+xml", PackageResources.icon_svg),
    ]

    /// The address of one of them.
    static func path(_ name: String, mountPath: String) -> String {
        "\(mountPath)/assets/\(all.first { $0.name == name }?.hash ?? "none")/\(name)"
    }

    /// The answer for `/assets/HASH/NAME`.
    ///
    /// Whatever the hash says, there is only the present content; one of another hash is not kept.
    static func response(hash: String, name: String) -> CronWebResponse? {
        guard let asset = all.first(where: { $0.name == name }) else { return nil }
        let lifetime = hash == asset.hash ? "public, max-age=31536000, immutable" : "no-store"
        return CronWebResponse(
            status: 200, headers: ["Content-Type": asset.type, "Cache-Control": lifetime], body: .bytes(asset.bytes))
    }

    /// FNV-1a of 64 bits, in hexadecimal: it tells versions apart, and keeps no secret.
    private static func hash(of bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes {
            hash ^= UInt64(byte)
            hash &*= 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }
}
