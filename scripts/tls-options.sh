#!/bin/sh
# Whether to build with TLS: prints the option for SwiftPM, or nothing.
#
#   tls-options.sh [auto|yes|no]            auto, the default: where its libraries are
#   tls-options.sh --explain [auto|yes|no]  says what was found instead
#
# hiredis 1.x has TLS in a library of its own; Debian 12 has 0.14.
set -eu
explains=no
if [ "${1:-}" = --explain ]; then explains=yes; shift; fi
choice=${1:-auto}

roots='/usr /usr/local /opt/homebrew'
found='' missing='hiredis/hiredis_ssl.h and openssl/ssl.h'
for root in $roots; do
    if [ -e "$root/include/hiredis/hiredis_ssl.h" ] && [ -e "$root/include/openssl/ssl.h" ]; then
        found=$root/include
        break
    fi
done

case $choice in
    auto) is_on=${found:+yes} ;;
    yes) is_on=yes ;;
    no) is_on='' ;;
    *) printf '%s\n' "tls: TLS is auto, yes or no, not $choice" >&2; exit 2 ;;
esac
if [ $explains = no ]; then
    [ -z "$is_on" ] || printf '%s\n' '--traits TLS'
elif [ -n "$is_on" ]; then
    printf '%s\n' "tls: on${found:+, with the headers of $found}"
elif [ -n "$found" ]; then
    printf '%s\n' "tls: off, as asked for"
else
    printf '%s\n' "tls: off: no $missing together in the include folders of $roots"
fi
