"""How often are comments read rightly, and how many in a second of one processor?

    make bench NAME=comments                                      (20 seconds)

Quality is measured on training/comments: 80 made comments per language, of which the half with even numbers was never
looked at while the lexicons were made. Themes are measured on all of them: the seed was made from none. Speed is of
scoring in one process, with all themes of the seed, without Postgres."""

from __future__ import annotations

import csv
import json
import time
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table

from cx_warehouse.voice.scoring import model_version, score
from cx_warehouse.voice.words import Terms
from stack.paths import ROOT
from training.comments.measure import LANGUAGES, labelled, quality, theme_quality

TIMED = 20_000


def themes() -> dict[str, Terms[str]]:
    """The shipped themes."""
    with (ROOT / "dbt_project/seeds/settings/comment_themes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    languages = {row["language"] for row in rows}
    return {
        language: Terms([(row["term"], row["theme"]) for row in rows if row["language"] == language], language)
        for language in languages
    }


def per_second() -> float:
    """Comments scored in a second of one processor, of all languages alike."""
    terms = themes()
    texts = [one.text for language in LANGUAGES for one in labelled(language)]
    for text in texts:
        score(text, terms)  # models and lexicons are read once
    began = time.process_time()
    for number in range(TIMED):
        score(texts[number % len(texts)], terms)
    return TIMED / (time.process_time() - began)


def main() -> None:
    """Print a table, and the figures as one JSON object on the last line."""
    console = Console()
    if not console.is_terminal:
        console = Console(soft_wrap=True, highlight=False, width=120)
    table = Table(box=box.SIMPLE)
    for column in (
        "language",
        "half",
        "n",
        "language right",
        "sentiment",
        "macro-F1",
        "sign right",
        "wrong",
        "emotion",
        "macro-F1",
    ):
        table.add_column(column)
    results: dict[str, dict[str, dict[str, float]]] = {}
    for language in LANGUAGES:
        comments = labelled(language)
        halves = {
            "development": [one for one in comments if not one.is_held_out],
            "held out": [one for one in comments if one.is_held_out],
        }
        for half, members in halves.items():
            found = asdict(quality(members))
            results.setdefault(language, {})[half] = found
            n, *shares = found.values()
            table.add_row(language, half, str(n), *(f"{share:.3f}" for share in shares))
    console.print(table)
    found_themes = _themes(console)
    speed = per_second()
    console.print(f"{speed:,.0f} comments in a second of one processor")
    figures = {
        "benchmark": "comments",
        "model_version": model_version(),
        "quality": results,
        "themes": found_themes,
        "per_second": round(speed),
    }
    print(json.dumps(figures, ensure_ascii=False), flush=True)


def _themes(console: Console) -> dict[str, dict[str, dict[str, int]]]:
    """Print precision and recall of the themes by language, and of each theme in all languages."""
    terms = themes()
    comments = {language: labelled(language) for language in LANGUAGES}
    everything = [one for each in comments.values() for one in each]
    measured = {
        "language": {language: theme_quality(each, terms)["all"] for language, each in comments.items()},
        "theme": theme_quality(everything, terms),
    }
    for what, rows in measured.items():
        table = Table(box=box.SIMPLE)
        for column in (what, "labelled", "found", "right", "precision", "recall"):
            table.add_column(column)
        for name, one in rows.items():
            shares = ("" if share is None else f"{share:.2f}" for share in (one.precision, one.recall))
            table.add_row(name, str(one.labelled), str(one.found), str(one.right), *shares)
        console.print(table)
    return {what: {name: asdict(one) for name, one in rows.items()} for what, rows in measured.items()}


if __name__ == "__main__":
    main()
