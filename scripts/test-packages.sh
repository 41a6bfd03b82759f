#!/bin/sh
# Tries the four ways to a first job in bare Debian roots: the wheel on Debian 12 and 13; the Debian package, the examples for
# containers and a Swift app on the release that this machine has. Needs root and Debian's packages; the roots stay in
# .build/roots, what is tried in them is kept in memory.
set -eu
cd "$(dirname "$0")/.."
say() { printf '%s\n' "packages: $*"; }
fail() { printf '%s\n' "packages: $*" >&2; exit 1; }

# try SUITE SCRIPT ARG…: runs a script of packaging/tests in a root that has nothing but Python.
try() {
    root=$PWD/.build/roots/$1
    scripts/debian-root.sh make "$root" "$1" python3,python3-venv
    say "$3 in Debian $1"
    script=$PWD/packaging/tests/$2
    shift 2
    FRESH=yes MOUNTS="${mounts:-$PWD/dist $PWD/packaging $PWD/docs $PWD/.build/containers}" \
        scripts/debian-root.sh enter "$root" "$script" "$@"
}

say "the examples for containers, as hadolint and the schemas of Compose and Kubernetes see them"
tools=.venv-packages/bin examples=docs/examples functions=.build/containers/commands.sh
"$tools/hadolint" $examples/container/Containerfile
"$tools/check-jsonschema" --quiet --builtin-schema vendor.compose-spec $examples/container/compose.yaml
"$tools/kubernetes-validate" --quiet --strict $examples/kubernetes/scheduler.yaml
mkdir -p .build/containers
"$tools/python" packaging/tests/container-commands.py >$functions

wheel=$(ls "$PWD"/dist/swift_rediscron-*.whl)
size=$(wc -c <"$wheel")
[ "$size" -lt 15000000 ] || fail "$wheel has $size bytes, more than 15 MB"
for suite in bookworm trixie; do try "$suite" try-wheel.sh "$wheel"; done

# shellcheck disable=SC1091 # the system's own
suite=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
case $suite in
    bookworm | trixie)
        package=$(ls "$PWD"/dist/rqrcron_*.deb)
        try "$suite" try-deb.sh "$package"
        case $(dpkg-deb --field "$package" Depends) in
            *libssl*) try "$suite" try-tls.sh "$package" ;;
            *) say "not tried: TLS, which $package was built without" ;;
        esac
        try "$suite" try-containers.sh "$package" "$PWD/$functions"
        # A Swift team has a toolchain; this machine's is lent to the root.
        toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")")
        case $toolchain in
            /usr) say "not tried: the Swift app, as the toolchain is not in a folder of its own" ;;
            *) mounts="$PWD $toolchain" try "$suite" try-swift.sh "$PWD" "$toolchain" ;;
        esac
        ;;
    *) say "not tried: the Debian package, the containers and the Swift app, as this machine is not Debian 12 or 13" ;;
esac
