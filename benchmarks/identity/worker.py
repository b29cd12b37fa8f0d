"""One resolution in a process of its own: seconds and memory as one JSON line. Arguments: dsn, build, target."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict

from benchmarks.loading.memory import peak_memory_mb
from cx_warehouse.identity.run import resolve_identities

if __name__ == "__main__":
    dsn, build, target = sys.argv[1:]
    began = time.perf_counter()
    report = resolve_identities(dsn, int(build), target=target)
    print(json.dumps({"seconds": time.perf_counter() - began, "memory_mb": peak_memory_mb(), **asdict(report)}))
