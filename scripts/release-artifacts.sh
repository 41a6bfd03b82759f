#!/bin/sh
# Puts beside the packages in dist what a release has more: the sources, an SPDX bill of materials, notes and checksums.
#
#   release-artifacts.sh
set -eu
cd "$(dirname "$0")/.."
: "${SOURCE_DATE_EPOCH:?is the date of all that is inside}" "${REPOSITORY:?is the address of the sources}"
say() { printf '%s\n' "release: $*"; }
fail() { printf '%s\n' "release: $*" >&2; exit 1; }

wheel=$(ls dist/swift_rediscron-*.whl)
package=$(ls dist/rqrcron_*.deb)
version=$(basename "$wheel" | cut -d - -f 2)
[ -z "$(git status --porcelain --untracked-files=no)" ] || fail "there are changes that are not committed: the sources would lack them"
rm -f dist/*.tar.gz dist/*.spdx.json dist/NOTES.md dist/SHA256SUMS

name=swift-rediscron-$version
git archive --format=tar --prefix="$name/" HEAD | gzip -9 -n >"dist/$name.tar.gz"
.venv-packages/bin/python packaging/bill_of_materials.py "$wheel" "$package" \
    "$("${SWIFT:-swift}" --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p')" "dist/$name.spdx.json"
# The section of this version, or while it has none, that of the next.
section() { awk -v title="## [$1]" '/^## \[/ { inside = index($0, title) == 1; next } inside' CHANGELOG.md; }
section "$version" >dist/NOTES.md
[ -s dist/NOTES.md ] || section Unreleased >dist/NOTES.md
[ -s dist/NOTES.md ] || fail "CHANGELOG.md has no section for $version"
(cd dist && sha256sum -- *.whl *.deb *.tar.gz *.spdx.json NOTES.md >SHA256SUMS)
say "dist has release $version:"
cat dist/SHA256SUMS
