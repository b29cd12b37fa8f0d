"""Zenpy, a client that others wrote for Zendesk, reads the look-alike and finds what the connector finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlparse

import pytest
from zenpy import Zenpy
from zenpy.lib.exception import APIException, RecordNotFoundException

from tests.contract.zendesk_account import Account, account
from tests.contract.zendesk_company import DELETED, FIRST_USER, OLD, WINNER


@pytest.fixture(scope="module")
def acme() -> Iterator[Account]:
    """The made company at its first night."""
    with account() as served_here:
        yield served_here


@pytest.fixture
def client(acme: Account, monkeypatch: pytest.MonkeyPatch) -> Zenpy:
    """Zenpy with the account's own API token."""
    return connected(acme, monkeypatch, token=acme.world.credentials.zendesk.token)


def connected(acme: Account, monkeypatch: pytest.MonkeyPatch, **credentials: str) -> Zenpy:
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", urlparse(acme.url).netloc)
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    email = acme.world.credentials.zendesk.email
    return Zenpy(subdomain="made-company", email=email, disable_cache=True, **credentials)


def test_the_cursor_export_gives_the_same_tickets(acme: Account, client: Zenpy) -> None:
    ours = acme.read(acme.landed("tickets"))
    theirs = {
        str(ticket.id): ticket
        for ticket in client.tickets.incremental(start_time=1, paginate_by_time=False, per_page=9)
    }
    assert theirs.keys() == ours.records.keys()
    assert {key for key, ticket in theirs.items() if ticket.status == "deleted"} == ours.deleted == {str(DELETED)}
    for key, ticket in theirs.items():
        assert ticket.subject == ours.records[key]["subject"]
        assert ticket.requester_id == ours.records[key]["requester_id"]


def test_the_time_export_gives_the_same_tickets(acme: Account, client: Zenpy) -> None:
    theirs = {str(ticket.id) for ticket in client.tickets.incremental(start_time=1, per_page=9)}
    assert theirs == acme.read(acme.landed("tickets")).records.keys()


def test_the_cursor_export_gives_the_same_users(acme: Account, client: Zenpy) -> None:
    ours = acme.read(acme.landed("users"))
    theirs = {str(user.id): user for user in client.users.incremental(start_time=1, per_page=5)}
    assert theirs.keys() == ours.records.keys()
    assert {key for key, user in theirs.items() if not user.active} == ours.deleted


def test_the_lists_give_what_is_neither_deleted_nor_archived(acme: Account, client: Zenpy) -> None:
    ours = acme.read(acme.landed("tickets"))
    assert {str(ticket.id) for ticket in client.tickets()} == ours.live.keys() - {str(OLD)}
    assert {str(user.id) for user in client.users()} == acme.read(acme.landed("users")).live.keys()
    assert len(list(client.organizations())) == len(acme.read(acme.landed("organizations")).records)


def test_the_events_give_the_same_updates(acme: Account, client: Zenpy) -> None:
    theirs = list(client.tickets.events(start_time=datetime(2020, 1, 1, tzinfo=UTC), include=["comment_events"]))
    assert {str(event.id) for event in theirs} == acme.read(acme.landed("ticket_events")).records.keys()


def test_the_ratings_are_the_same(acme: Account, client: Zenpy) -> None:
    theirs = {str(rating.id): rating.score for rating in client.satisfaction_ratings()}
    ours = acme.read(acme.landed("satisfaction_ratings")).records
    assert theirs == {key: record["score"] for key, record in ours.items()}


def test_one_record_and_its_comments_can_be_asked_for(client: Zenpy) -> None:
    assert client.users(id=FIRST_USER).email == "new@example.com"
    assert client.tickets(id=WINNER).status == "new"
    assert len(list(client.tickets.comments(ticket=WINNER))) == 2  # the customer's, and the note of the merge
    with pytest.raises(RecordNotFoundException):
        client.tickets(id=999_999)


def test_an_oauth_token_is_accepted_and_a_wrong_one_refused(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    good = connected(acme, monkeypatch, oauth_token=acme.world.credentials.zendesk.oauth_token)
    assert good.users.me().role == "admin"
    with pytest.raises(APIException, match="Couldn't authenticate you"):
        list(connected(acme, monkeypatch, token="wrong").tickets())
