"""The scores of comments in the set and beside it: what is scored, what is kept, and that both ways give the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import psycopg
import pytest

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.voice import run
from cx_warehouse.voice.run import score_comments
from tests.conftest import Warehouse

THEMES = (("delivery", "en", "deliver*"), ("delivery", "pl", "paczk*"), ("price", "en", "expensive"))


class Comments:
    """The set that a build leaves for the scoring of comments, as dbt would."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse, self.build = warehouse, 0
        self.connection = psycopg.connect(warehouse.dsn(), autocommit=True)
        for layer in ("intermediate", "settings", "voice"):
            self.connection.execute(f"create schema candidate_{layer} authorization cx_builder")
        self.connection.execute("set role cx_builder")
        self.connection.execute(
            """create table candidate_intermediate.int_survey__comments
               (comment_key text, comment_text text, text_hash text)"""
        )
        self.connection.execute("create table candidate_settings.comment_themes (theme text, language text, term text)")
        self.themes(*THEMES)

    def themes(self, *rows: tuple[str, str, str]) -> None:
        self.connection.execute("truncate candidate_settings.comment_themes")
        for row in rows:
            self.connection.execute("insert into candidate_settings.comment_themes values (%s, %s, %s)", row)

    def put(self, **texts: str | None) -> None:
        """Comments as they now are; None takes one away."""
        for key, text in texts.items():
            self.connection.execute(
                "delete from candidate_intermediate.int_survey__comments where comment_key = %s", [key]
            )
            if text is not None:
                self.connection.execute(
                    "insert into candidate_intermediate.int_survey__comments values (%s, %s, %s)",
                    [key, text, hashlib.md5(text.encode()).hexdigest()],
                )

    def score(self) -> tuple[int, int]:
        """Comments that got a score, and texts that were read for it."""
        self.build += 1
        report = score_comments(self.warehouse.dsn("cx_builder"), self.build)
        return report.comments, report.texts

    def scores(self, columns: str = "comment_key, language, sign(sentiment)::int, emotion, model") -> list[tuple]:
        return self.connection.execute(
            f"select {columns} from candidate_voice.comment_scores order by comment_key"
        ).fetchall()

    def whole(self) -> list[tuple]:
        """What a set that has no score yet gets, with nothing kept from before."""
        self.connection.execute("drop table candidate_voice.comment_scores")
        self.connection.execute("delete from ops.comment_scores")
        self.score()
        return self.scores("comment_key, text_hash, language, sentiment, emotion, model, themes")


@pytest.fixture
def comments(warehouse: Warehouse) -> Iterator[Comments]:
    made = Comments(warehouse)
    yield made
    made.connection.close()


def test_each_comment_gets_a_score_with_its_model_and_themes(comments: Comments) -> None:
    comments.put(
        en="The delivery was late and far too expensive.",
        pl="Paczka przyszła szybko, polecam.",
        emoji="😡😡",
        number="17",
    )
    assert comments.score() == (4, 4)
    assert comments.scores() == [
        ("emoji", None, -1, "anger", "emoji"),
        ("en", "en", -1, "none", "vaderSentiment 3.3.2"),
        ("number", None, None, None, None),
        ("pl", "pl", 1, "none", "lexicon pl"),
    ]
    assert comments.scores("comment_key, themes")[1][1] == [
        {"theme": "delivery", "term": "deliver*"},
        {"theme": "price", "term": "expensive"},
    ]
    assert {row[0] for row in comments.scores("build_number")} == {1}


def test_only_new_and_changed_comments_are_scored_and_those_that_are_gone_vanish(comments: Comments) -> None:
    comments.put(a="I am very happy with it.", b="I am very happy with it.", c="Bardzo słaba jakość.")
    assert comments.score() == (3, 2)  # one text, one score
    assert comments.score() == (0, 0)
    comments.put(a="I am very unhappy with it.", c=None, d="Очень довольна.")
    assert comments.score() == (2, 2)
    assert comments.scores("comment_key, build_number") == [("a", 3), ("b", 1), ("d", 3)]
    found = comments.scores("comment_key, text_hash, language, sentiment, emotion, model, themes")
    assert found == comments.whole()


def test_a_full_build_scores_nothing_that_is_known(comments: Comments) -> None:
    comments.put(a="I am very happy with it.", b="Bardzo słaba jakość.")
    comments.score()
    before = comments.scores()
    comments.connection.execute("drop table candidate_voice.comment_scores")
    assert comments.score() == (2, 0)
    assert comments.scores() == before


def test_another_model_scores_everything_anew(comments: Comments, monkeypatch: pytest.MonkeyPatch) -> None:
    comments.put(a="I am very happy with it.")
    comments.score()
    monkeypatch.setattr(run, "model_version", lambda: "another")
    assert comments.score() == (1, 1)
    assert comments.scores("model_version") == [("another",)]
    assert comments.connection.execute("select model_version from ops.comment_scores").fetchall() == [("another",)]


def test_other_themes_reach_old_comments(comments: Comments) -> None:
    comments.put(a="The delivery was late.")
    comments.score()
    comments.themes(("lateness", "en", "late"))
    assert comments.score() == (1, 1)
    assert comments.scores("themes") == [([{"theme": "lateness", "term": "late"}],)]


def test_nothing_of_a_text_that_is_gone_is_kept(comments: Comments) -> None:
    comments.put(a="I am very happy with it.")
    comments.score()
    comments.put(a=None)
    comments.score()
    assert comments.scores() == []
    assert comments.connection.execute("select count(*) from ops.comment_scores").fetchone() == (0,)


def test_a_run_that_is_repeated_changes_nothing(comments: Comments) -> None:
    comments.put(a="I am very happy with it.")
    comments.score()
    comments.build -= 1
    assert comments.score() == (0, 0)


def test_a_term_that_cannot_be_meant_is_named(comments: Comments) -> None:
    comments.themes(("delivery", "en", "de*liver"))
    with pytest.raises(ConfigError, match=r"comment_themes\.csv.*de\*liver"):
        comments.score()
