"""What is expected of comments: every one scored and shown once, its text kept apart, sentiments and shares that can
be. Whether customers are content never stops a publish."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite, at_least, none_of, rows, table, values


def suite() -> Suite:
    """Scores and themes of comments."""
    return Suite("marts.comments", (SCORES, THEMES, COUNTS))


SCORES = table(
    "fct_comment_scores",
    values("sentiment", "a sentiment lies between bad and good", least=-1, most=1),
)

THEMES = table(
    "mart_voice__themes",
    values("comment_share", "a share lies between none and all", least=0, most=1),
    at_least("n_comments", "n", "no more comments have a sentiment than there are"),
    at_least("mean_sentiment", "ci_low", "the interval holds the mean"),
    at_least("ci_high", "mean_sentiment", "the interval holds the mean"),
)

COUNTS = rows(
    "comments counted",
    """select
            (select count(*) from {intermediate}.int_survey__comments as comment
                left join {marts}.fct_comment_scores as scored on comment.comment_key = scored.comment_key
                left join {intermediate}.int_ticket__tickets as ticket on comment.ticket_key = ticket.ticket_key
                where scored.comment_key is null and not coalesce(ticket.is_deleted, false)) as comments_lost,
            (select count(*) from {marts}.fct_comment_scores as scored
                full join {marts}.fct_comments_personal as written on scored.comment_key = written.comment_key
                where scored.comment_key is null or written.comment_key is null) as comments_without_text,
            (select count(*) from {marts}.fct_comment_themes as spoken
                left join {marts}.fct_comment_scores as scored on spoken.comment_key = scored.comment_key
                where scored.comment_key is null) as themes_of_nothing""",
    none_of("comments_lost", "every comment is scored, but for those on deleted tickets"),
    none_of("comments_without_text", "every scored comment has its text in the personal table"),
    none_of("themes_of_nothing", "every theme is one of a comment that is shown"),
)
