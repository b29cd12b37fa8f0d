"""One build's comments: score those that nobody has scored yet, and leave a score for each in the set.

A score is a function of the text, the model version and the themes. It is kept by the hash of its text in
ops.comment_scores, outside the sets, so that each distinct text is scored once and a full build scores nothing anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.database.state import make_missing
from cx_warehouse.voice.scoring import Score, model_version, score
from cx_warehouse.voice.words import Terms

BATCH = 5_000  # texts held in memory at once

_SCORE = (
    "language, language_confidence, is_mixed_language, sentiment, emotion, model, model_version, themes, themes_version"
)


@dataclass(frozen=True)
class Report:
    """How many comments got a score in this build, and how many distinct texts had to be read for it."""

    comments: int
    texts: int

    def __str__(self) -> str:
        return f"{self.comments:,} new or changed comments, {self.texts:,} texts scored"


@dataclass(frozen=True)
class Places:
    """The schemas of the set that is being built: `candidate` unless told otherwise."""

    target: str = "candidate"

    def compose(self, statement: str, **parts: sql.Composable) -> sql.Composed:
        """A statement in which {scores}, {comments} and {seed} are the set's tables."""
        return sql.SQL(statement).format(
            scores=sql.Identifier(f"{self.target}_voice", "comment_scores"),
            comments=sql.Identifier(f"{self.target}_intermediate", "int_survey__comments"),
            seed=sql.Identifier(f"{self.target}_settings", "comment_themes"),
            columns=sql.SQL(_SCORE),
            **parts,
        )


def create_state(connection: psycopg.Connection, places: Places) -> None:
    """Make the set's table if it is not there yet."""
    make_missing(connection, "cx_warehouse.voice", f"{places.target}_voice", ["comment_scores"])


def score_comments(dsn: str, build_number: int, *, target: str = "candidate") -> Report:
    """Give every comment of the set `target` its score, in one transaction; running it again changes nothing more.

    Raises ConfigError for themes that cannot be meant."""
    places = Places(target)
    with psycopg.connect(dsn) as connection:
        create_state(connection, places)
        themes, themes_version = read_themes(connection, places)
        versions = {"model": model_version(), "themes": themes_version}
        connection.execute(
            places.compose(
                """create temp table due on commit drop as
                   select comment.comment_key, comment.text_hash
                   from {comments} as comment left join {scores} as held using (comment_key)
                   where held.text_hash is distinct from comment.text_hash
                       or held.model_version <> {model} or held.themes_version <> {themes}""",
                **_literals(versions),
            )
        )
        texts = _score_unknown(connection, places, themes, versions)
        connection.execute(
            places.compose(
                """delete from {scores} as held
                   where not exists (select from {comments} as comment where comment.comment_key = held.comment_key)
                       or exists (select from due where due.comment_key = held.comment_key)"""
            )
        )
        written = connection.execute(
            places.compose(
                """insert into {scores} (comment_key, text_hash, {columns}, build_number)
                   select due.comment_key, due.text_hash, {columns}, {build}
                   from due join ops.comment_scores as known using (text_hash)""",
                build=sql.Literal(build_number),
            )
        ).rowcount
        _forget(connection, places, versions)
        connection.execute(places.compose("analyze {scores}"))
    return Report(written, texts)


def read_themes(connection: psycopg.Connection, places: Places) -> tuple[dict[str, Terms[str]], str]:
    """The themes' terms by language, and a version that changes with them."""
    rows = connection.execute(
        places.compose(
            'select language, theme, term from {seed} order by language, theme collate "C", term collate "C"'
        )
    ).fetchall()
    by_language: dict[str, list[tuple[str, str]]] = {}
    for language, theme, term in rows:
        by_language.setdefault(language, []).append((term, theme))
    try:
        themes = {language: Terms(terms, language) for language, terms in by_language.items()}
    except ValueError as error:
        raise ConfigError(f"seeds/settings/comment_themes.csv: {error}") from None
    return themes, hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]


def _score_unknown(
    connection: psycopg.Connection, places: Places, themes: Mapping[str, Terms[str]], versions: Mapping[str, str]
) -> int:
    """Score the texts of due comments that ops.comment_scores does not know by these versions; how many they were."""
    connection.execute("create temp table fresh (like ops.comment_scores) on commit drop")
    unknown = places.compose(
        """select distinct on (text_hash) text_hash, comment.comment_text
           from due join {comments} as comment using (comment_key, text_hash)
           where not exists (
               select from ops.comment_scores as known
               where known.text_hash = due.text_hash
                   and known.model_version = {model} and known.themes_version = {themes})""",
        **_literals(versions),
    )
    texts = 0
    with connection.cursor("unknown") as cursor:
        cursor.execute(unknown)
        while batch := cursor.fetchmany(BATCH):
            texts += len(batch)
            _copy(connection, ((text_hash, score(text, themes)) for text_hash, text in batch), versions)
    connection.execute(
        """delete from ops.comment_scores as known
           where exists (select from fresh where fresh.text_hash = known.text_hash)"""
    )
    connection.execute("insert into ops.comment_scores select * from fresh")
    return texts


def _copy(connection: psycopg.Connection, scores: Iterable[tuple[str, Score]], versions: Mapping[str, str]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy fresh (text_hash, {_SCORE}) from stdin") as copy:
        for text_hash, one in scores:
            themes = json.dumps([{"theme": theme, "term": term} for theme, term in one.themes], ensure_ascii=False)
            copy.write_row(
                (
                    text_hash,
                    one.language,
                    one.language_confidence,
                    one.is_mixed_language,
                    one.sentiment,
                    one.emotion,
                    one.model,
                    versions["model"],
                    themes,
                    versions["themes"],
                )
            )


def _forget(connection: psycopg.Connection, places: Places, versions: Mapping[str, str]) -> None:
    """Keep no score of a text that is gone, or of models that are."""
    connection.execute(
        places.compose(
            """delete from ops.comment_scores as known
               where known.model_version <> {model} or known.themes_version <> {themes}
                   or not exists (select from {scores} as held where held.text_hash = known.text_hash)""",
            **_literals(versions),
        )
    )


def _literals(versions: Mapping[str, str]) -> dict[str, sql.Composable]:
    return {name: sql.Literal(value) for name, value in versions.items()}
