#!/bin/sh
# Makes the Debian package of a built program, for the system that this runs on: dist/rqrcron_VERSION_ARCHITECTURE.deb
#
#   build-deb.sh PROGRAM
#
# debhelper builds it from packaging/debian, with the unit of docs/examples/systemd. What it depends on is what dpkg-shlibdeps
# finds, so it is good for this release of Debian or Ubuntu.
set -eu
cd "$(dirname "$0")/.."
PROGRAM=$(readlink -f "$1")
export PROGRAM
: "${SOURCE_DATE_EPOCH:?is the date of all that is inside}"
stage=.build/deb/rqrcron
say() { printf '%s\n' "deb: $*"; }
fail() { printf '%s\n' "deb: $*" >&2; exit 1; }

version=$("$PROGRAM" --version | cut -d ' ' -f 2)

rm -rf .build/deb
mkdir -p "$stage/scripts"
cp -R packaging/debian "$stage/debian"
cp docs/examples/systemd/rqrcron.service "$stage/debian/rqrcron.service"
cp scripts/install.sh "$stage/scripts"
printf 'rqrcron (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' "$version" \
    "$(sed -n 's/^Maintainer: //p' packaging/debian/control)" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" >"$stage/debian/changelog"

(cd "$stage" && dpkg-buildpackage --build=binary --no-sign --no-pre-clean) >.build/deb/build.log 2>&1 ||
    { tail -n 40 .build/deb/build.log >&2; fail "dpkg-buildpackage failed; its log is .build/deb/build.log"; }
mkdir -p dist
rm -f dist/rqrcron_*.deb
mv .build/deb/rqrcron_*.deb dist
lintian --allow-root --fail-on error,warning dist/rqrcron_*.deb
package=$(ls dist/rqrcron_*.deb)
say "$package, $(($(wc -c <"$package") / 1000)) kB, depends on $(dpkg-deb --field "$package" Depends)"
