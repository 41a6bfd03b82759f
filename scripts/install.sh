#!/bin/sh
# Puts rqrcron where a system looks for programs, manual pages and completions, or takes it away again.
#
#   install.sh BINARY    copies it, and writes the pages that it makes of itself
#   install.sh --remove  removes all of that
#
# PREFIX (/usr/local) is where it belongs, DESTDIR is put before that by those who make packages.
set -eu
base=${DESTDIR:-}${PREFIX:-/usr/local}

binary=$base/bin/rqrcron
page=$base/share/man/man1/rqrcron.1
bash=$base/share/bash-completion/completions/rqrcron
zsh=$base/share/zsh/site-functions/_rqrcron
fish=$base/share/fish/vendor_completions.d/rqrcron.fish

if [ "$1" = --remove ]; then
    rm -f "$binary" "$page" "$bash" "$zsh" "$fish"
    exit
fi

# generated FILE WORDS…: what the program writes of itself, readable by everybody.
generated() {
    file=$1
    shift
    install -d "$(dirname "$file")"
    "$binary" "$@" >"$file"
    chmod 644 "$file"
}

install -d "$(dirname "$binary")"
install -m 755 "$1" "$binary"
strip "$binary" 2>/dev/null || true
generated "$page" man
generated "$bash" completion bash
generated "$zsh" completion zsh
generated "$fish" completion fish
printf '%s\n' "installed $binary, its manual page and the completions of bash, zsh and fish"
