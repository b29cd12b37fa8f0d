#!/bin/sh
# Writes .env from .env.example with a strong random value for each secret, readable by its owner only. Never overwrites:
# with MISSING set, secrets that a newer release needs are added to the .env that is there, and nothing else is touched.
# usage: [MISSING=1] make-secrets.sh [FILE]
set -eu
cd "$(dirname "$0")/.."
file=${1:-.env}
umask 077

refuse() {
    echo "error: $file is there already and was left as it is (its passwords are the databases');" \
        "MISSING=1 adds what a newer release needs" >&2
    exit 1
}
random() { head -c 32 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'; }

if [ -n "${MISSING:-}" ] && [ -f "$file" ]; then
    [ -z "$(tail -c 1 "$file")" ] || echo >>"$file" # a last line without an end
    added=
    for name in $(sed -n 's/^\(CX_SECRET_[A-Z_]*\)=.*/\1/p' .env.example); do
        grep -q "^$name=" "$file" || { printf '%s=%s\n' "$name" "$(random)" >>"$file"; added="$added $name"; }
    done
    echo "$file: added${added:- nothing, it has every secret}"
    exit 0
fi
[ ! -e "$file" ] || refuse
made=$(mktemp "$(dirname "$file")/.secrets.XXXXXX")
trap 'rm -f "$made"' EXIT
while IFS= read -r line; do
    case $line in
    CX_SECRET_*=) printf '%s%s\n' "$line" "$(random)" ;;
    *) printf '%s\n' "$line" ;;
    esac
done <.env.example >"$made"
ln "$made" "$file" 2>/dev/null || refuse # a link, unlike a move, fails when somebody else was faster
echo "$file is written: keep a copy in a safe place, without it a backup of the databases cannot be read"
