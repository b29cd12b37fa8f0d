"""Data docs: Great Expectations' own rendering of each result, on pages that need nothing from outside to be read."""

from __future__ import annotations

import os
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from cx_warehouse.quality.suite import Night
from cx_warehouse.quality.verdict import Verdict

KEPT_BUILDS = 60  # pages of older builds are removed; their results stay in ops.validations

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .3rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem; border-bottom: 1px solid #8884; }
section { margin-top: 2rem; } h5 { font-size: 1rem; margin: 1rem 0 0; }
td:first-child { white-space: nowrap; } td:nth-child(2) { width: 60%; }
.badge { border-radius: .3rem; padding: 0 .35rem; background: #8883; }
.fas { font-style: normal; font-weight: bold; }
.fa-check-circle::before { content: "\\2713 kept"; color: #1a7f37; }
.fa-times::before { content: "\\2717 broken"; color: #cf222e; }
.fa-exclamation-triangle::before { content: "! not checked"; color: #bf8700; }
.critical { color: #cf222e; font-weight: bold; } .warning { color: #bf8700; font-weight: bold; }
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head>
<body>{body}</body></html>
"""
_NAME = re.compile(r"build-(\d+)-(raw|marts)\.html")


def render_section(name: str, result: Any) -> str:
    """One dataset's results as HTML, rendered by Great Expectations."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    document = ValidationResultsPageRenderer(run_info_at_end=True).render(result)
    view = _view()
    # The first section counts and the last says how it was run; between them is one for each column.
    parts = [
        view.render({"section": section.to_json_dict(), "section_loop": {"index": number}})
        for number, section in enumerate(document.sections[1:-1])
    ]
    # ids would repeat from one dataset to the next
    body = re.sub(r'\s(id|data-[a-z-]+)="[^"]*"|\n\s*(?=\n)', "", "".join(parts))
    return f"<section><h2>{escape(name)}</h2>{body}</section>"


@cache
def _view() -> Any:
    """One for all: each compiles its templates anew, which would cost as much as the checks."""
    from great_expectations.render.view import DefaultJinjaSectionView

    return DefaultJinjaSectionView()


def write_docs(folder: Path, night: Night, verdict: Verdict, sections: list[str]) -> Path:
    """Write the page of a border's verdict and the index of all that are there; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    title = f"Build {night.build_number}: {verdict.border}"
    state = "passed" if verdict.passed else "stopped the publish"
    findings = "".join(
        f'<tr><td class="{outcome.check.severity}">{outcome.check.severity}</td><td>{escape(str(outcome))}</td></tr>'
        for outcome in [*verdict.critical, *verdict.warnings]
    )
    body = (
        f'<p><a href="index.html">All builds</a></p><h1>{escape(title)}</h1>'
        f"<p>As of {night.as_of.isoformat()}: {len(verdict.outcomes)} expectations, {len(verdict.critical)} critical "
        f"failures, {len(verdict.warnings)} warnings; it {state}.</p>"
        f"<table>{findings}</table>{''.join(sections)}"
    )
    page = folder / f"build-{night.build_number}-{verdict.border}.html"
    _write(page, _PAGE.format(title=escape(title), style=_STYLE, body=body))
    _write_index(folder)
    return page


def _write_index(folder: Path) -> None:
    pages = [(int(match[1]), path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    builds = sorted({number for number, _ in pages}, reverse=True)
    for number, path in pages:
        if number not in builds[:KEPT_BUILDS]:
            path.unlink(missing_ok=True)
    rows = ""
    for build in builds[:KEPT_BUILDS]:
        links = [
            f'<a href="{path.name}">{path.stem.rpartition("-")[2]}</a>'
            for number, path in sorted(pages, reverse=True)
            if number == build
        ]
        rows += f"<tr><td>build {build}</td><td>{' · '.join(links)}</td></tr>"
    body = f"<h1>Data docs</h1><p>What was expected of each build, and how it came out.</p><table>{rows}</table>"
    _write(folder / "index.html", _PAGE.format(title="Data docs", style=_STYLE, body=body))


def _write(path: Path, text: str) -> None:
    """Replace the file at once: the two borders are checked at the same time."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
