"""The look-alike of HubSpot does what HubSpot does: what search leaves out, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from sandbox.model import ContactArchived
from tests.contract.hubspot_world import (
    ACME,
    BEFORE,
    NIGHT,
    Crm,
    account,
    contact,
    contacts,
    crm,
    event,
    linked,
)

SEARCH = {"filterGroups": [], "sorts": [], "properties": ["email"], "limit": 200, "after": "0"}
CONTACTS = "crm/v3/objects/contacts"
LINKS = "crm/v4/associations/contacts/companies/batch/read"


def call(here: Crm, method: str, path: str, token: str | None = None, **more: Any) -> requests.Response:
    held = here.world.credentials.hubspot.token if token is None else token
    headers = {"Authorization": f"Bearer {held}"} if held else {}
    return requests.request(method, f"{here.url}/{path}", headers=headers, timeout=10, **more)


def found(here: Crm, **changes: Any) -> list[str]:
    reply = call(here, "POST", f"{CONTACTS}/search", json={**SEARCH, **changes})
    assert reply.status_code == 200, reply.text
    return [record["id"] for record in reply.json()["results"]]


def test_search_has_no_archived_records_and_the_list_has_them_only_when_asked() -> None:
    gone = event(ContactArchived, BEFORE + timedelta(hours=1), contact_id=2)
    with crm(contact(1), contact(2), gone) as here:
        assert found(here) == ["1"]
        assert [record["id"] for record in call(here, "GET", CONTACTS).json()["results"]] == ["1"]
        [record] = call(here, "GET", f"{CONTACTS}?archived=true").json()["results"]
        assert (record["id"], record["archived"]) == ("2", True) and record["archivedAt"]


def test_search_counts_all_and_serves_the_first_10000() -> None:
    with crm(*contacts(1, 10_050)) as here:
        last = call(here, "POST", f"{CONTACTS}/search", json={**SEARCH, "after": "9800"}).json()
        assert (last["total"], len(last["results"])) == (10_050, 200)
        assert last["paging"]["next"]["after"] == "10000"  # it says that there is more, and does not serve it
        beyond = call(here, "POST", f"{CONTACTS}/search", json={**SEARCH, "after": "10000"})
        assert (beyond.status_code, beyond.json()["category"]) == (400, "VALIDATION_ERROR")


def test_search_finds_what_changed_only_half_a_minute_later() -> None:
    with crm(contact(1), contact(2, NIGHT - timedelta(seconds=29)), contact(3, NIGHT - timedelta(seconds=31))) as here:
        assert found(here) == ["1", "3"]
        listed = call(here, "GET", f"{CONTACTS}?limit=100").json()["results"]
        assert [record["id"] for record in listed] == ["1", "2", "3"]


def test_a_filter_of_time_takes_milliseconds_and_both_bounds_hold() -> None:
    def changed(operator: str, second: int) -> list[str]:
        value = str(int((BEFORE + timedelta(seconds=second)).timestamp() * 1000))
        one = {"propertyName": "lastmodifieddate", "operator": operator, "value": value}
        return found(here, filterGroups=[{"filters": [one]}])

    with crm(*(contact(n, BEFORE + timedelta(seconds=n)) for n in range(1, 4))) as here:
        assert (changed("GTE", 2), changed("GT", 2), changed("LT", 2)) == (["2", "3"], ["3"], ["1"])


@pytest.mark.parametrize(("token", "category"), [("", "INVALID_AUTHENTICATION"), ("wrong", "INVALID_AUTHENTICATION")])
@pytest.mark.parametrize(("method", "path"), [("GET", CONTACTS), ("POST", f"{CONTACTS}/search"), ("POST", LINKS)])
def test_a_stranger_is_refused_in_hubspots_words(method: str, path: str, token: str, category: str) -> None:
    with crm(contact(1)) as here:
        reply = call(here, method, path, token, json=SEARCH if method == "POST" else None)
        said = reply.json()
        assert (reply.status_code, said["status"], said["category"]) == (401, "error", category)
        assert said["message"] and said["correlationId"]


@pytest.mark.parametrize(
    "changes",
    [
        {"limit": True},
        {"limit": "200"},
        {"properties": "email"},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 7}]},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 5}] * 4},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}]}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ"}]}]},
        {"filterGroups": [{"filters": [{"operator": "EQ", "value": "x"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "IN", "value": "x"}]}]},
    ],
)
def test_a_search_that_cannot_be_read_is_refused(changes: dict[str, Any]) -> None:
    with crm(contact(1)) as here:
        reply = call(here, "POST", f"{CONTACTS}/search", json={**SEARCH, **changes})
        assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{CONTACTS}/search"),
        ("GET", LINKS),
        ("PUT", "crm/v3/owners"),
        ("POST", "crm/v9/x"),
    ],
)
def test_what_is_not_offered_is_refused(method: str, path: str) -> None:
    with crm(contact(1)) as here:
        assert call(here, method, path, json={}).status_code in (404, 405)
        assert found(here) == ["1"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", CONTACTS), ("PATCH", f"{CONTACTS}/1"), ("DELETE", f"{CONTACTS}/1")]
)
def test_a_token_that_may_only_read_writes_nothing(method: str, path: str) -> None:
    with crm(contact(1)) as here:
        reply = call(here, method, path, json={"properties": {"email": "other@x.example"}})
        said = reply.json()
        assert (reply.status_code, said["category"]) == (403, "MISSING_SCOPES")
        assert said["errors"][0]["context"]["requiredScopes"] == ["crm.objects.contacts.write"]
        assert found(here) == ["1"]


def test_links_name_their_types_and_what_has_none_is_an_error_of_its_own() -> None:
    with crm(contact(1), contact(2), account(), linked(1, ACME.account_id)) as here:
        reply = call(here, "POST", LINKS, json={"inputs": [{"id": "1"}, {"id": "2"}]})
        assert reply.status_code == 207
        said = reply.json()
        [link] = said["results"][0]["to"]
        assert link["toObjectId"] == ACME.account_id
        assert link["associationTypes"][0]["label"] == "Primary"
        assert (said["numErrors"], said["errors"][0]["category"]) == (1, "OBJECT_NOT_FOUND")
