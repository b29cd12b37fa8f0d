#!/bin/sh
# Builds one virtualenv from one lock file, and does nothing when it is already up to date.
# usage: install.sh VENV LOCK [--project]    (--project also installs this project, editable)
set -eu
cd "$(dirname "$0")/.."
venv=$1 lock=$2 project=${3:-}

find_python() {
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            echo "$name"; return
        fi
    done
    echo "setup: Python 3.11, 3.12 or 3.13 is needed, and none is on PATH (PYTHON=/path/to/python3.11 names one)" >&2
    exit 1
}

sum() { if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi; }

# The stamp holds where the environment stands too: a moved checkout has scripts that point to the old place.
wanted=$( { echo "$PWD/$venv"; cat "$lock" requirements/bootstrap.txt requirements/install.sh; [ -z "$project" ] || cat pyproject.toml; } | sum)
if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.stamp" 2>/dev/null)" = "$wanted" ]; then exit 0; fi

# One builder at a time: two commands started together would write the same environment.
lock_dir="$venv.building"
waited=0
until mkdir "$lock_dir" 2>/dev/null; do
    if ! kill -0 "$(cat "$lock_dir/pid" 2>/dev/null || echo 0)" 2>/dev/null && [ "$waited" -gt 2 ]; then rm -rf "$lock_dir"; continue; fi
    sleep 1; waited=$((waited + 1))
done
echo $$ >"$lock_dir/pid"
trap 'rm -rf "$lock_dir"' EXIT INT TERM
if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.stamp" 2>/dev/null)" = "$wanted" ]; then exit 0; fi

python=$(find_python)
rm -f "$venv/.stamp"
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1 || ! grep -qs "^$PWD/$venv\$" "$venv/.place"; then
    echo "setup: making $venv with $python"
    rm -rf "$venv"
    if ! "$python" -m venv "$venv"; then
        echo "setup: $python cannot make a virtualenv (on Debian and Ubuntu: apt install python3-venv)" >&2
        exit 1
    fi
    echo "$PWD/$venv" >"$venv/.place"
fi
echo "setup: installing $lock"
export PIP_DISABLE_PIP_VERSION_CHECK=1
uv="$venv/.uv/bin/uv"
# uv lives beside the environment's packages, not among them: the sync removes what the lock does not name
"$venv/bin/python" -m pip install -q --require-hashes --no-deps --upgrade --prefix "$venv/.uv" -r requirements/bootstrap.txt || uv=
if [ -n "$uv" ] && "$uv" pip sync -q --require-hashes --python "$venv/bin/python" "$lock"; then
    :
else
    echo "setup: uv did not succeed, trying pip (slower; it reads pip's own settings)" >&2
    # a failed sync may have removed pip itself
    "$venv/bin/python" -m ensurepip >/dev/null 2>&1 || true
    "$venv/bin/python" -m pip install -q --require-hashes --no-deps -r "$lock"
fi
if [ -n "$project" ]; then
    if [ -n "$uv" ]; then
        "$uv" pip install -q --python "$venv/bin/python" --no-deps --no-build-isolation -e .
    else
        "$venv/bin/python" -m pip install -q --no-deps --no-build-isolation -e .
    fi
fi
echo "$wanted" >"$venv/.stamp"
echo "setup: $venv is ready"
