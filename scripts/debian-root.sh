#!/bin/sh
# A Debian root in a folder, and commands in it, on any Linux machine with debootstrap. Needs to be root, for mounts and chroot.
#
#   debian-root.sh make ROOT SUITE [PACKAGE,…]   makes it, unless it is there
#   debian-root.sh enter ROOT COMMAND [ARG…]     runs a command in it
#
# Everything is mounted in a mount namespace of its own, which the kernel takes apart with the last process in it: nothing
# stays mounted and no process stays behind, however this ends. Three variables tell enter what to do:
#
#   MOUNTS      folders of this machine, with blanks between, that are there too, read-only, at the same place
#   FRESH=yes   what the command writes is kept in memory and gone with it
#   SETTINGS    NAME=VALUE for its environment, with blanks between; pip's settings are handed on, nothing else is
set -eu

say() { printf '%s\n' "root: $*"; }
fail() { printf '%s\n' "root: $*" >&2; exit 1; }

[ "$(uname)" = Linux ] || fail "a Debian root needs Linux"
[ "$(id -u)" = 0 ] || fail "you must be root, for debootstrap, mounts and chroot"
for tool in debootstrap unshare setpriv chroot; do
    command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install debootstrap util-linux"
done
action=$1 root=$2
shift 2

case $action in
    make)
        [ ! -e "$root/.bootstrapped" ] || exit 0
        # Where this machine's apt gets Debian from. Other systems have no such line; debootstrap knows Debian's own address.
        mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
            sed -n 's/^Debian Debian //p' | head -n 1)
        say "making $root, $1 from ${mirror:-Debian}"
        rm -rf "$root"
        mkdir -p "$root"
        debootstrap --variant=minbase --include="ca-certificates${2:+,$2}" "$1" "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || {
            tail -n 20 "$root.log" >&2
            fail "debootstrap failed; its log is $root.log"
        }
        # No service is to be started in there.
        printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
        chmod 755 "$root/usr/sbin/policy-rc.d"
        touch "$root/.bootstrapped"
        ;;
    enter)
        # apt there goes the same way as apt here: proxies, time-outs, old snapshots.
        apt-config dump --format '%f "%v";%n' Acquire 2>/dev/null | grep -E '^Acquire::(http|https|Retries|Check-)' \
            >"$root/etc/apt/apt.conf.d/90host" || true
        cp -L /etc/resolv.conf "$root/etc/resolv.conf"
        cp -L /etc/hosts "$root/etc/hosts"
        settings="${SETTINGS:-} $(env | sed -n 's/^\(PIP_[A-Z_]*=.*\)$/\1/p' | grep -v -E '^PIP_(CERT|FIND_LINKS)=' || true)"
        # Where pip has to trust a proxy's certificate, it has to there too.
        if [ -n "${PIP_CERT:-}" ] && [ -f "$PIP_CERT" ]; then
            cp -L "$PIP_CERT" "$root/etc/ssl/pip.pem"
            settings="$settings PIP_CERT=/etc/ssl/pip.pem"
        fi
        export root settings
        export mounts="${MOUNTS:-}" fresh="${FRESH:-no}"
        setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --propagation private sh -eu -c '
            if [ "$fresh" = yes ]; then
                mount -t tmpfs tmpfs /mnt
                mkdir /mnt/written /mnt/work /mnt/root
                mount -t overlay overlay -o "lowerdir=$root,upperdir=/mnt/written,workdir=/mnt/work" /mnt/root
                root=/mnt/root
            fi
            for folder in $mounts; do
                mkdir -p "$root$folder"
                mount --bind "$folder" "$root$folder"
                mount -o remount,bind,ro "$root$folder"
            done
            mount -t proc proc "$root/proc"
            mount --rbind /dev "$root/dev"
            mount -t tmpfs tmpfs "$root/run"
            # shellcheck disable=SC2086 # a list of settings
            exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
                PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin $settings "$@"
        ' sh "$@" &
        inside=$!
        # The first process of a namespace takes no polite signal; and killed itself, this script takes it along (pdeathsig).
        trap 'kill -KILL "$inside" 2>/dev/null; say "interrupted" >&2; exit 130' HUP INT TERM
        wait "$inside"
        ;;
    *) fail "expected make or enter, not $action" ;;
esac
