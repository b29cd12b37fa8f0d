"""Candidate to published and back: a night is built aside, and readers get it whole, by one switch of
names."""

from cx_warehouse.publishing.candidate import prepare_candidate
from cx_warehouse.publishing.published import PUBLISHED, PublishedTable
from cx_warehouse.publishing.sets import PREVIOUS, PublishError, find_set
from cx_warehouse.publishing.switch import Publication, publish, rollback

__all__ = [
    "PREVIOUS",
    "PUBLISHED",
    "Publication",
    "PublishError",
    "PublishedTable",
    "find_set",
    "prepare_candidate",
    "publish",
    "rollback",
]
