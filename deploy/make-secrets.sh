#!/bin/sh
# Writes .env from .env.example with a strong random value for each secret, readable by its owner only. Never overwrites.
# usage: make-secrets.sh [FILE]
set -eu
cd "$(dirname "$0")/.."
file=${1:-.env}
umask 077

refuse() {
    echo "error: $file is there already and was left as it is (its passwords are the databases')" >&2
    exit 1
}
random() { head -c 32 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'; }

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
