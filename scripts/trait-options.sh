#!/bin/sh
# Which of the package's traits to build with: prints the option for SwiftPM, or nothing.
#
#   trait-options.sh [TLS=CHOICE] [HTTP=CHOICE]            a choice is auto, the default, for where the libraries are; yes; no
#   trait-options.sh --explain [TLS=CHOICE] [HTTP=CHOICE]  says what was found instead
#
# hiredis 1.x has TLS in a library of its own; Debian 12 has 0.14. HTTP is libmicrohttpd.
set -eu
explains=no
if [ "${1:-}" = --explain ]; then explains=yes; shift; fi

roots='/usr /usr/local /opt/homebrew'
# find_headers HEADER…: the first include folder that has all of them.
find_headers() {
    for root in $roots; do
        has_all=yes
        for header; do [ -e "$root/include/$header" ] || has_all=no; done
        if [ $has_all = yes ]; then
            printf '%s' "$root/include"
            return
        fi
    done
}

traits=''
# decide TRAIT CHOICE HEADER…: adds the trait, or not.
decide() {
    trait=$1 choice=$2
    shift 2
    found=$(find_headers "$@")
    case $choice in
        auto) is_on=${found:+yes} ;;
        yes) is_on=yes ;;
        no) is_on='' ;;
        *) printf '%s\n' "traits: $trait is auto, yes or no, not $choice" >&2; exit 2 ;;
    esac
    [ -z "$is_on" ] || traits="${traits:+$traits,}$trait"
    [ $explains = yes ] || return 0
    if [ -n "$is_on" ]; then
        printf '%s\n' "traits: $trait is on${found:+, with the headers of $found}"
    elif [ -n "$found" ]; then
        printf '%s\n' "traits: $trait is off, as asked for"
    else
        wanted=$1
        shift
        for header; do wanted="$wanted and $header"; done
        printf '%s\n' "traits: $trait is off: no $wanted in the include folders of $roots"
    fi
}

tls=auto http=auto
for argument; do
    case $argument in
        TLS=*) tls=${argument#TLS=} ;;
        HTTP=*) http=${argument#HTTP=} ;;
        *) printf '%s\n' "traits: expected TLS=CHOICE or HTTP=CHOICE, not $argument" >&2; exit 2 ;;
    esac
done
decide TLS "${tls:-auto}" hiredis/hiredis_ssl.h openssl/ssl.h
decide HTTP "${http:-auto}" microhttpd.h
[ $explains = yes ] || [ -z "$traits" ] || printf '%s\n' "--traits $traits"
