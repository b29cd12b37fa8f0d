"""What the runs came to: a table for people, and one JSON object for machines."""

from __future__ import annotations

import json
import os
import platform
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.loading.records import template
from benchmarks.loading.runner import Run

LIMIT, LANDING, DLT, DLT_FLAT = "limit", "landing", "dlt_default", "dlt_nesting_off"
UNCHANGED, CHANGED = "landing_unchanged", "landing_changed_1_percent"
TITLES = {
    LIMIT: "bare limit: fetch + COPY",
    LANDING: "this landing",
    UNCHANGED: "  again, nothing changed",
    CHANGED: "  again, 1 % changed",
    DLT: "dlt, its defaults",
    DLT_FLAT: "dlt, nesting off",
}
ORDER = list(TITLES)
TARGET_TIMES_DLT, TARGET_SHARE = 20.0, 0.70
FULL_PAGE = 1_000


class Report:
    """All runs by number of records, page size and contender."""

    def __init__(self) -> None:
        self.runs: dict[tuple[int, int, str], list[Run]] = defaultdict(list)

    def add(self, records: int, per_page: int, contender: str, run: Run) -> None:
        """Take a run in."""
        self.runs[records, per_page, contender].append(run)

    def seconds(self, records: int, per_page: int, contender: str) -> float | None:
        """The median, or None if it did not run."""
        runs = self.runs.get((records, per_page, contender))
        return median(run.seconds for run in runs) if runs else None

    def _ratio(self, records: int, per_page: int, contender: str) -> float | None:
        """How many times as long as this landing the contender took: below 1 for the limit's share."""
        theirs, ours = self.seconds(records, per_page, contender), self.seconds(records, per_page, LANDING)
        return theirs / ours if theirs is not None and ours is not None else None

    def tables(self) -> list[Table]:
        """One table for each number of records and page size, one line per contender; seconds are medians."""
        tables: dict[tuple[int, int], Table] = {}
        for records, per_page, contender in sorted(self.runs, key=lambda key: (key[0], -key[1], ORDER.index(key[2]))):
            runs = self.runs[records, per_page, contender]
            table = tables.get((records, per_page))
            if table is None:
                table = Table(
                    title=f"{records:,} records, pages of {per_page:,}",
                    box=box.SIMPLE_HEAD,
                    title_justify="left",
                    title_style="bold",
                )
                table.add_column("", no_wrap=True, min_width=max(map(len, TITLES.values())))
                for name in ("seconds", "runs", "records/s", "client CPU", "Postgres CPU", "peak MB"):
                    table.add_column(name, justify="right", no_wrap=True)
                table.add_column("", no_wrap=True)
                tables[records, per_page] = table
            seconds = median(run.seconds for run in runs)
            postgres = [run.postgres_cpu_seconds for run in runs if run.postgres_cpu_seconds is not None]
            table.add_row(
                TITLES[contender],
                f"{seconds:.2f}",
                str(len(runs)),
                f"{records / seconds:,.0f}",
                f"{median(run.client_cpu_seconds for run in runs):.2f}",
                f"{median(postgres):.2f}" if postgres else "",
                f"{max(run.peak_mb for run in runs):.0f}",
                self._comparison(records, per_page, contender),
            )
        return list(tables.values())

    def _comparison(self, records: int, per_page: int, contender: str) -> str:
        if contender == LANDING and (share := self._ratio(records, per_page, LIMIT)) is not None:
            return f"{share:.0%} of the limit"
        if contender in (DLT, DLT_FLAT) and (times := self._ratio(records, per_page, contender)) is not None:
            return f"{times:.1f} × this landing"
        return ""

    def figures(self, conditions: dict[str, Any]) -> dict[str, Any]:
        """Everything as one object; seconds are medians, `runs` holds each."""
        sizes: dict[str, Any] = {}
        for (records, per_page, contender), runs in self.runs.items():
            size = sizes.setdefault(str(records), {}).setdefault(f"pages_of_{per_page}", {})
            size[contender] = {
                "seconds": round(median(run.seconds for run in runs), 3),
                "runs": [round(run.seconds, 3) for run in runs],
                "client_cpu_seconds": round(median(run.client_cpu_seconds for run in runs), 2),
                "postgres_cpu_seconds": runs[-1].postgres_cpu_seconds,
                "peak_mb": max(run.peak_mb for run in runs),
            }
        shares, times, flat = (self._all_ratios(contender) for contender in (LIMIT, DLT, DLT_FLAT))
        peaks = {
            records: max(run.peak_mb for run in runs)
            for (records, per_page, contender), runs in self.runs.items()
            if contender == LANDING and per_page == FULL_PAGE
        }
        worst_share, worst_times = (min(found.values(), default=None) for found in (shares, times))
        return {
            "benchmark": "landing",
            "record_bytes": len(template()),
            **conditions,
            "sizes": sizes,
            "share_of_limit": shares,
            "times_dlt_default": times,
            "times_dlt_nesting_off": flat,
            "landing_peak_mb": {str(records): peak for records, peak in peaks.items()},
            "targets": {
                "share_of_limit": _against(TARGET_SHARE, worst_share),
                "times_dlt_default": _against(TARGET_TIMES_DLT, worst_times),
            },
        }

    def _all_ratios(self, contender: str) -> dict[str, float]:
        found = {}
        for records, per_page, which in self.runs:
            ratio = self._ratio(records, per_page, contender)
            if which == contender and per_page == FULL_PAGE and ratio is not None:
                found[str(records)] = round(ratio, 3)
        return found

    def print(self, console: Console, conditions: dict[str, Any]) -> None:
        """The table, what it was run on, and as the last line the figures."""
        figures = self.figures(conditions)
        console.print()
        for table in self.tables():
            console.print(table)
        machine = conditions["machine"]
        console.print(
            f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB; {machine['postgres']}; "
            f"Python {machine['python']}; dlt {machine['dlt'] or 'was not run'}. Load average "
            f"{machine['load_before']} before, {machine['load_after']} after. A record has "
            f"{figures['record_bytes']:,} bytes. Seconds are medians; CPU is in seconds.",
            highlight=False,
        )
        for name, target in figures["targets"].items():
            if target["worst"] is not None:
                met = "[green]met[/]" if target["met"] else "[red]missed[/]"
                console.print(f"{name.replace('_', ' ')}: {target['worst']:.2f}, target {target['target']:g}: {met}")
        print(json.dumps(figures, ensure_ascii=False), flush=True)


def _against(target: float, worst: float | None) -> dict[str, Any]:
    return {"target": target, "worst": worst, "met": None if worst is None else worst >= target}


def load_average() -> float | None:
    """Of the last minute: above the number of cores, other work disturbs the figures."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def machine(postgres: str, dlt: str, load_before: float | None) -> dict[str, Any]:
    """What the figures hold for."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": platform.system(),
        "postgres": postgres,
        "python": platform.python_version(),
        "dlt": dlt,
        "load_before": load_before,
        "load_after": load_average(),
    }
