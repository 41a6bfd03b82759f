#!/bin/sh
# Makes sure that AddressSanitizer finds leaks on this machine, with a program that leaks on purpose: where a process may
# not be traced, as in some containers, it finds none and says nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/leak.swift" <<'END'
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@inline(never) func leak() {
    // Many, because what still lies in a register is no leak.
    for size in 1_000..<1_050 { malloc(size)?.storeBytes(of: 1, as: UInt8.self) }
}
leak()
END
"${SWIFT:-swift}c" -sanitize=address "$folder/leak.swift" -o "$folder/leak" 2>"$folder/build.log" || {
    cat "$folder/build.log" >&2
    exit 1
}
status=0
ASAN_OPTIONS=detect_leaks=1 "$folder/leak" >"$folder/report" 2>&1 || status=$?
if [ "$status" -eq 0 ] || ! grep -q 'leaked in' "$folder/report"; then
    cat "$folder/report" >&2
    printf '%s\n' "leaks are not found on this machine: a planted one was not reported" >&2
    exit 1
fi
