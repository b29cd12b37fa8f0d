"""HubSpot's own client reads the look-alike API and finds what the connector finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import hubspot
import pytest
import requests
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.associations.v4.models import PublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import ApiException, PublicObjectSearchRequest

from cx_warehouse.connectors.hubspot.streams import OBJECTS, STREAMS
from sandbox.model import Agent, ContactArchived, ContactsMerged, OwnerArchived
from sandbox.vendors.hubspot import build_app
from sandbox.world import World
from tests.contract.harness import served
from tests.contract.hubspot_world import (
    ACME,
    BEFORE,
    NIGHT,
    Crm,
    account,
    changed,
    contact,
    contacts,
    crm,
    deal,
    event,
    linked,
)

AGENTS = tuple(Agent(n, n, f"A{n} B", f"a{n}@x.example", "T", BEFORE, BEFORE) for n in range(1, 13))


@pytest.fixture(scope="module")
def here() -> Iterator[Crm]:
    """A small CRM with archived, merged and linked records."""
    events = [
        *contacts(1, 120),
        account(),
        *(linked(n, ACME.account_id) for n in range(1, 60)),
        *(deal(n, contact_id=n, account_id=ACME.account_id) for n in range(1, 31)),
        event(ContactArchived, BEFORE, contact_id=119),
        event(ContactsMerged, BEFORE, winner_id=1, loser_id=120),
        event(OwnerArchived, BEFORE, owner_id=12),
    ]
    with crm(*events, agents=AGENTS) as served_here:
        yield served_here


@pytest.fixture
def client(here: Crm) -> hubspot.Client:
    """The vendor's own client, pointed at the look-alike."""
    return hubspot.Client(access_token=here.world.credentials.hubspot.token, host=here.url)


def ids(items: Any) -> set[str]:
    return {item.id for item in items}


@pytest.mark.parametrize("stream", list(OBJECTS))
def test_the_client_lists_the_same_objects(here: Crm, client: hubspot.Client, stream: str) -> None:
    landed = here.land(stream)
    properties = list(OBJECTS[stream].properties)
    listed = getattr(client.crm, stream).get_all(properties=properties)
    assert ids(listed) == set(landed.live)
    archived = getattr(client.crm, stream).get_all(archived=True)
    assert ids(archived) == landed.deleted
    for item in listed:
        record = landed.records[item.id]
        assert {name: record["properties"].get(name) for name in properties} == {
            name: item.properties.get(name) for name in properties
        }


def test_the_client_finds_the_same_by_search(here: Crm, client: hubspot.Client) -> None:
    found: set[str] = set()
    after = "0"
    while after:
        since = str(int((BEFORE - timedelta(days=1)).timestamp() * 1000))
        page = client.crm.contacts.search_api.do_search(
            PublicObjectSearchRequest(
                filter_groups=[{"filters": [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": since}]}],
                sorts=["hs_object_id"],
                properties=["email"],
                limit=50,
                after=after,
            )
        )
        found |= ids(page.results)
        after = page.paging.next.after if page.paging else ""
        assert page.total == 118
    assert found == set(here.land("contacts").live)


def test_the_client_reads_the_same_owners(here: Crm, client: hubspot.Client) -> None:
    landed = here.land("owners")
    active = client.crm.owners.owners_api.get_page(limit=5)
    first, after = ids(active.results), active.paging.next.after
    rest = client.crm.owners.owners_api.get_page(limit=100, after=after)
    gone = client.crm.owners.owners_api.get_page(archived=True)
    assert first | ids(rest.results) | ids(gone.results) == set(landed.live)
    assert [(owner.archived, owner.user_id) for owner in gone.results] == [(True, None)]


@pytest.mark.parametrize(
    ("stream", "near", "far"),
    [
        ("contact_companies", "contacts", "companies"),
        ("deal_contacts", "deals", "contacts"),
        ("deal_companies", "deals", "companies"),
    ],
)
def test_the_client_reads_the_same_links(here: Crm, client: hubspot.Client, stream: str, near: str, far: str) -> None:
    inputs = [PublicFetchAssociationsBatchRequest(id=str(n)) for n in range(1, 131)]
    reply = client.crm.associations.v4.batch_api.get_page(
        near, far, BatchInputPublicFetchAssociationsBatchRequest(inputs=inputs)
    )
    pairs = {f"{result._from.id}:{link.to_object_id}" for result in reply.results for link in result.to}
    assert pairs == set(here.land(stream).live)
    assert reply.num_errors == len(reply.errors) == 130 - len(reply.results)
    assert {error.category for error in reply.errors} == {"OBJECT_NOT_FOUND"}


def test_the_client_understands_the_refusals(here: Crm) -> None:
    stranger = hubspot.Client(access_token="wrong", host=here.url)
    with pytest.raises(ApiException) as raised:
        stranger.crm.contacts.basic_api.get_page()
    assert raised.value.status == 401
    assert "INVALID_AUTHENTICATION" in raised.value.body and "correlationId" in raised.value.body


# --- the look-alike is as strict as the vendor ---
def call(here: Crm, method: str, path: str, **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {here.world.credentials.hubspot.token}"}
    return requests.request(method, f"{here.url}/{path}", headers=headers, timeout=10, **more)


SEARCH = {"filterGroups": [], "sorts": [], "properties": [], "limit": 200, "after": "0"}


@pytest.mark.parametrize(
    "body",
    [
        *({name: value for name, value in SEARCH.items() if name != missing} for missing in SEARCH),
        {**SEARCH, "limit": 201},
        {**SEARCH, "after": "9900", "limit": 101},
        {**SEARCH, "after": "soon"},
        {**SEARCH, "filterGroups": [{"filters": [{"propertyName": "email", "operator": "LIKE", "value": "x"}]}]},
        {**SEARCH, "filterGroups": [{"filters": []}]},
        {**SEARCH, "sorts": ["a", "b"]},
    ],
)
def test_a_search_that_breaks_the_rules_is_refused(here: Crm, body: dict[str, Any]) -> None:
    reply = call(here, "POST", "crm/v3/objects/contacts/search", json=body)
    assert reply.status_code == 400
    assert reply.json()["category"] == "VALIDATION_ERROR" and reply.json()["correlationId"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("crm/v3/objects/contacts?limit=101", 400),
        ("crm/v3/objects/contacts?limit=0", 400),
        ("crm/v3/objects/contacts?after=next", 400),
        ("crm/v3/objects/unicorns", 400),
        ("crm/v3/objects/contacts?limit=100", 200),
        ("crm/v3/objects/0-3?limit=1", 200),
        ("crm/v2/contacts", 404),
    ],
)
def test_a_list_keeps_the_rules(here: Crm, path: str, status: int) -> None:
    assert call(here, "GET", path).status_code == status


def test_a_batch_read_takes_up_to_1000_ids(here: Crm) -> None:
    path = "crm/v4/associations/contacts/companies/batch/read"
    inputs = [{"id": str(n)} for n in range(1, 1_002)]
    assert call(here, "POST", path, json={"inputs": inputs}).status_code == 400
    assert call(here, "POST", path, json={"inputs": inputs[:1_000]}).status_code == 207
    assert call(here, "POST", path, json={"inputs": inputs[:5]}).status_code == 200
    assert call(here, "POST", path, json={}).status_code == 400


def test_a_list_shows_the_asked_properties_and_those_always_there(here: Crm) -> None:
    record = call(here, "GET", "crm/v3/objects/contacts?limit=1&properties=phone,no_such").json()["results"][0]
    assert set(record["properties"]) == {"phone", "createdate", "hs_object_id", "lastmodifieddate"}
    record = call(here, "GET", "crm/v3/objects/deals?limit=1").json()["results"][0]
    assert {"dealname", "amount", "hs_lastmodifieddate"} <= set(record["properties"])


def test_search_runs_behind_the_records() -> None:
    seconds = timedelta(seconds=1)
    with crm(contact(1), changed(1, NIGHT - 5 * seconds, "new@x.example"), contact(2, NIGHT - seconds)) as here:
        listed = call(here, "GET", "crm/v3/objects/contacts?limit=100").json()["results"]
        assert [item["properties"]["email"] for item in listed] == ["new@x.example", "c2@x.example"]
        found = call(here, "POST", "crm/v3/objects/contacts/search", json={**SEARCH, "properties": ["email"]})
        assert [item["properties"]["email"] for item in found.json()["results"]] == ["c1@x.example"]


def test_the_limits_are_enforced_and_told() -> None:
    world = World(customers=1, days=1)
    with served(build_app(world, per_10_seconds=3, searches_per_second=1)) as url:
        here = Crm(world, None, url)  # type: ignore[arg-type]
        first = call(here, "GET", "crm/v3/owners")
        assert first.headers["X-HubSpot-RateLimit-Max"] == "3"
        assert first.headers["X-HubSpot-RateLimit-Remaining"] == "2"
        refused = [call(here, "GET", "crm/v3/owners") for _ in range(3)][-1]
        assert (refused.status_code, refused.json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
        assert refused.headers["Retry-After"] == "10"
        searches = [call(here, "POST", "crm/v3/objects/deals/search", json=SEARCH) for _ in range(2)]
        assert [reply.status_code for reply in searches] == [200, 429]
        assert "Retry-After" not in searches[1].headers
        assert not any(name.lower().startswith("x-hubspot-ratelimit") for name in searches[0].headers)


def test_streams_of_the_look_alike_are_those_of_the_connector() -> None:
    from sandbox.world import STREAMS as SERVED

    assert SERVED["hubspot"] == tuple(STREAMS)
