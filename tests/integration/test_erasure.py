"""A person is seeded everywhere, erased, and looked for in the whole database; then the next nights are.

The tests tell one story and run in the order written. What the search knows of the person comes from the sandbox, and
of tables it knows nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from cx_warehouse import privacy
from cx_warehouse.connectors.errors import ConfigError, RetryableError
from cx_warehouse.database import bootstrap
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.privacy import erase as erasing
from cx_warehouse.privacy import sets
from cx_warehouse.privacy.subject import find_subject, parse_id
from sandbox.model import SurveyResponse
from sandbox.truth.folding import fold
from sandbox.truth.persons import owners
from stack.postgres import PostgresServer
from tests.company_nights import CompanyNights, company_nights
from tests.conftest import copied_warehouse
from tests.traces import Person, in_database, in_files

pytestmark = pytest.mark.timeout(1_200)
KEY = ErasureKey.of("a key that is only for tests, and long enough")
ELSEWHERE = "somebody.else@other.example"


@pytest.fixture(scope="module")
def nights(
    postgres: PostgresServer, warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CompanyNights]:
    """Two published nights, so that there is a former set; the person is in both."""
    with copied_warehouse(postgres, warehouse_template) as warehouse:
        bootstrap(warehouse.dsn())
        with company_nights(warehouse, tmp_path_factory.mktemp("home"), key=KEY) as made:
            for event in made.sandbox.world.company.events:  # what one says is what nobody else says
                if isinstance(event, SurveyResponse):
                    for ref, answer in event.answers.items():
                        if isinstance(answer, str) and "@" not in answer:
                            event.answers[ref] = f"{answer} No. {event.event_id}."
            made.night()
            made.night(days=1)
            yield made


@pytest.fixture(scope="module")
def subject(nights: CompanyNights) -> dict:
    """A person with records at every vendor, none of them shared: their records, and what to look for."""
    world = nights.sandbox.world
    records = fold(world.company, world.now())
    owned: dict[str, set[str]] = {}
    for key, person in owners(records).items():
        owned.setdefault(person, set()).add(key)
    people = {f"person:{one.person_id}": one for one in world.company.people.values()}
    names = [f"{one.first_name} {one.last_name}".lower() for one in people.values()]
    bridge = dict(nights.warehouse.rows("select identity_key, customer_key from marts.bridge_customer_identities"))
    best, most = None, 0
    agents = {
        row[0]
        for row in nights.warehouse.rows(
            "select identity_key from marts_intermediate.int_person__identities where is_agent"
        )
    }
    for name, keys in owned.items():
        one = people.get(name)
        if keys & agents:
            continue
        customers = {bridge.get(key) for key in keys}
        if one is None or one.phone is None or len(customers) != 1 or None in customers:
            continue
        if set(bridge.values()) and {k for k, c in bridge.items() if c in customers} != keys:
            continue
        sources = len({key.partition(":")[0] for key in keys})
        if names.count(f"{one.first_name} {one.last_name}".lower()) == 1 and sources > most:
            best, most = (one, keys, customers.pop()), sources
    assert best is not None and most >= 4, most
    one, keys, customer = best
    comments = [
        row[0]
        for row in nights.warehouse.rows(
            "select comment_text from marts.fct_comments_personal where customer_key = %s", customer
        )
    ]
    tickets = [
        row[0]
        for row in nights.warehouse.rows("select ticket_id from marts.fct_tickets where customer_key = %s", customer)
    ]
    texts = {one.email, *one.other_emails, one.phone, f"{one.first_name} {one.last_name}", customer, *comments}
    ids = {key.rpartition(":")[2] for key in keys} | {f"zendesk:{ticket}" for ticket in tickets}
    # small numbers, which many other things are counted by
    ids |= {
        f'"{field}": {quote}{ticket}{quote}'
        for ticket in tickets
        for field in ("ticket_id", "id")
        for quote in ("", '"')
    }
    return {
        "person": one,
        "keys": keys,
        "customer": customer,
        "tickets": tickets,
        "wanted": Person(tuple(text for text in texts if text and len(text) > 4), tuple(ids)),
    }


def seed_everywhere(nights: CompanyNights, subject: dict) -> None:
    """Where no night brings the person by itself: others' tickets, refused records, logs, statistics, messages."""
    one, rows = subject["person"], nights.warehouse.rows
    user = next(key for key in subject["keys"] if key.startswith("zendesk:")).partition(":")[2]
    other = rows("select ticket_id from marts.fct_tickets where customer_key <> %s limit 1", subject["customer"])[0][0]
    said = f"{one.first_name} {one.last_name} ({one.email}, {one.phone}) called about this; ask {ELSEWHERE} too"
    rows(
        """update raw_zendesk.tickets set record = record || %s::jsonb where key = %s""",
        json.dumps({"description": said, "email_cc_ids": [int(user)]}),
        other,
    )
    rows(
        """update raw_zendesk.ticket_events set record = record || jsonb_build_object('updater_id', %s::bigint,
               'child_events', jsonb_build_array(jsonb_build_object('event_type', 'Comment', 'id', 9,
                   'author_id', %s::bigint, 'body', 'my own words', 'plain_body', 'my own words')))
           where sequence = (select max(sequence) from raw_zendesk.ticket_events where record ->> 'ticket_id' = %s)""",
        user,
        user,
        other,
    )
    for body in (f'{{"requester_id": {user}, "id": null}}', f'{{"id": "x", "from": "{one.email.upper()}"}}'):
        rows(
            """insert into raw_zendesk.quarantine (stream, body, body_hash, reason, run_id, as_of)
               values ('tickets', convert_to(%s, 'utf8'), sha256(convert_to(%s, 'utf8')), 'contract',
                   gen_random_uuid(), now())""",
            body,
            body,
        )
    contact = next(key for key in subject["keys"] if key.startswith("hubspot:")).partition(":")[2]
    rows("insert into ops.walk_keys values ('hubspot', 'contacts', '*', %s) on conflict do nothing", contact)
    rows("update ops.builds set error = %s where build_number = 1", f"a value: {one.email}")
    rows(
        """insert into ops.validations (build_number, border, suite, expectation, table_name, severity, success,
               observed) values (1, 'marts', 's', 'e', 't', 'warning', false, %s)""",
        json.dumps({"sample": [one.email, one.phone]}),
    )
    log = nights.home / "airflow" / "logs" / "dag_id=ingest_zendesk" / "attempt=1.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"first line\nrefused: {said}\nlast line, of {subject['customer']}\n", encoding="utf-8")
    docs = nights.home / "data_docs" / "index.html"
    docs.parent.mkdir(parents=True)
    docs.write_text(f"<td>{one.email}</td>", encoding="utf-8")
    rows("analyze")


def traces(nights: CompanyNights, subject: dict) -> dict[str, int]:
    found = in_database(nights.warehouse.dsn(), subject["wanted"])
    return found | dict.fromkeys(in_files([nights.home], subject["wanted"]), 1)


def test_the_person_is_found_in_every_corner_before(nights: CompanyNights, subject: dict) -> None:
    seed_everywhere(nights, subject)
    found = traces(nights, subject)
    corners = {name.split(".")[0] for name in found if not name.startswith(("statistics", "/"))}
    assert {
        "raw_hubspot",
        "raw_zendesk",
        "raw_typeform",
        "ops",
        "marts",
        "marts_staging",
        "marts_intermediate",
    } <= corners
    assert {"marts_identity", "previous", "previous_staging", "previous_identity"} <= corners
    assert {"raw_zendesk.quarantine.body", "ops.builds.error", "ops.walk_keys.key"} <= set(found)
    assert any(name.startswith("statistics") for name in found)
    assert sum(name.startswith("/") for name in found) >= 2


def test_preview_counts_what_would_go_and_changes_nothing(nights: CompanyNights, subject: dict) -> None:
    before = traces(nights, subject)
    found, counts = privacy.preview(nights.warehouse.dsn("cx_eraser"), subject["person"].email)
    assert found.identities == subject["keys"]
    assert counts["raw_hubspot.contacts deleted"] >= 1
    assert counts["raw_zendesk.tickets blanked"] >= 1
    assert counts["marts.dim_customers_personal deleted"] == 1
    assert counts["previous.dim_customers_personal deleted"] == 1
    assert traces(nights, subject) == before


def test_every_id_of_the_person_leads_to_the_same_records(nights: CompanyNights, subject: dict) -> None:
    one = subject["person"]
    given = [f" {one.email.upper()}", one.phone, f"{one.phone[:3]} {one.phone[3:6]}-{one.phone[6:]}", one.phone[-9:]]
    with psycopg.connect(nights.warehouse.dsn("cx_eraser")) as connection:
        for text in [*given, *sorted(subject["keys"])]:
            assert find_subject(connection, parse_id(text)).identities == subject["keys"], text


def test_unknown_and_shared_ids_are_refused_with_what_to_do(nights: CompanyNights) -> None:
    dsn = nights.warehouse.dsn("cx_eraser")
    with pytest.raises(privacy.NobodyFoundError):
        privacy.request(dsn, "nobody@nowhere.example", "test")
    with pytest.raises(privacy.NobodyFoundError, match="no source id"):
        privacy.request(dsn, "Anna", "test")
    nights.warehouse.rows(
        """insert into marts_identity.claims (identity_key, origin, kind, value, rule)
           select min(identity_key), 'record', 'email', 'family@shared.example', 'email'
           from marts_identity.membership where identity_key like 'hubspot:%' group by customer_key limit 2"""
    )
    with pytest.raises(privacy.SharedIdError, match="source id"):
        privacy.request(dsn, "Family@shared.example ", "test")
    assert nights.warehouse.value("select count(*) from ops.erasures") == 0


def test_employees_are_refused(nights: CompanyNights) -> None:
    (agent,) = nights.warehouse.rows(
        """select identity_key from marts_intermediate.int_person__identities join marts_identity.membership
               using (identity_key) where is_agent and customer_key is not null limit 1"""
    )[0]
    with pytest.raises(privacy.EmployeeError, match="agent of the helpdesk"):
        privacy.request(nights.warehouse.dsn("cx_eraser"), agent, "test")


def test_erasure_waits_for_a_running_build(nights: CompanyNights, subject: dict) -> None:
    nights.warehouse.rows("insert into ops.builds (as_of, kind) values (now(), 'full')")
    privacy.request(nights.warehouse.dsn("cx_eraser"), subject["person"].email, "privacy officer")
    with pytest.raises(RetryableError, match="is running"):
        erase(nights)
    nights.warehouse.rows("update ops.builds set status = 'failed' where status = 'running'")


def erase(nights: CompanyNights) -> list[privacy.Erasure]:
    return privacy.erase_due(nights.warehouse.dsn("cx_eraser"), KEY, nights.home)


@pytest.mark.parametrize("step", ["save_plan", "_remove", "clean_files", "left_over"])
def test_killed_erasure_is_taken_up(
    nights: CompanyNights, subject: dict, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Killed when the step has done its work and nothing is committed yet, or everything but the next step."""
    real = getattr(erasing, step)

    def killed(*arguments: object, **options: object) -> None:
        real(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(erasing, step, killed)
    with pytest.raises(KeyboardInterrupt):
        erase(nights)
    assert nights.warehouse.value("select status from ops.erasures") in ("requested", "running")


def test_nothing_of_the_person_is_left_anywhere(nights: CompanyNights, subject: dict) -> None:
    customers = nights.warehouse.value("select count(*) from marts.dim_customers")
    (done,) = erase(nights)
    assert traces(nights, subject) == {}
    certificate = json.dumps(done.certificate)
    assert done.certificate["requested_by"] == "privacy officer"
    assert done.certificate["removed"]["raw_hubspot.contacts deleted"] >= 1
    assert done.certificate["tombstones"] and not in_text(certificate, subject["wanted"])
    assert nights.warehouse.value("select count(*) from marts.dim_customers") == customers
    assert nights.warehouse.value("select count(*) from ops.erasure_work") == 0
    assert erase(nights) == []


def in_text(text: str, person: Person) -> bool:
    import re

    return re.search(person.pattern, text, re.IGNORECASE) is not None


def test_others_keep_what_is_theirs(nights: CompanyNights) -> None:
    records = nights.warehouse.rows(
        "select record from raw_zendesk.tickets where record::text like %s", f"%{ELSEWHERE}%"
    )
    assert records
    for (record,) in records:
        assert record["description"].count("[erased]") == 3 and record["email_cc_ids"] == [None]
    assert (
        nights.warehouse.value(
            "select count(*) from raw_zendesk.ticket_events where record::text like '%my own words%'"
        )
        == 0
    )
    assert nights.warehouse.value("select count(*) from marts.fct_orders where customer_key is null") >= 0
    text = (nights.home / "airflow/logs/dag_id=ingest_zendesk/attempt=1.log").read_text()
    assert text.startswith("first line\n") and "[erased]" in text and "last line" in text


def test_next_night_does_not_bring_the_person_back_and_is_built_in_full(nights: CompanyNights, subject: dict) -> None:
    build = nights.night(days=1)
    assert nights.kind_of(build) == "full"
    assert traces(nights, subject) == {}


def test_replay_drops_the_person_and_says_how_often(nights: CompanyNights, subject: dict) -> None:
    landed = nights.land(start=nights.as_of - timedelta(days=60))
    assert landed["hubspot.contacts"].counts.erased >= 1
    assert landed["zendesk.users"].counts.erased >= 1
    assert landed["zendesk.tickets"].counts.erased == len(subject["tickets"])
    assert "dropped as erased" in str(landed["zendesk.users"])
    assert nights.warehouse.value("select sum(erased) from ops.ingest_runs where stream = 'contacts'") >= 1
    assert traces(nights, subject) == {}


def test_full_rebuild_does_not_bring_the_person_back(nights: CompanyNights, subject: dict) -> None:
    nights.build(full=True)
    assert traces(nights, subject) == {}


def test_without_the_key_nothing_lands(nights: CompanyNights) -> None:
    for key in (None, ErasureKey.of("another key, which is long enough as well")):
        nights.key = key
        with pytest.raises(ConfigError, match="cx_erasure"):
            nights.land(only="hubspot.contacts")
    nights.key = KEY


def test_a_table_that_erasure_forgets_is_noticed(nights: CompanyNights, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search can fail: it finds the next person where one table is left out of the erasure."""
    contact = nights.warehouse.rows(
        """select identity_key, customer.email from marts.bridge_customer_identities
           join marts.dim_customers_personal as customer using (customer_key)
           where kind = 'crm_contact' and customer.email is not null order by 1 limit 1"""
    )[0]
    real = sets.tables_of
    monkeypatch.setattr(
        sets, "tables_of", lambda *given: [table for table in real(*given) if table.name != "dim_customers_personal"]
    )
    privacy.request(nights.warehouse.dsn("cx_eraser"), contact[0], "test")
    with pytest.raises(privacy.erase.LeftOverError, match="dim_customers_personal"):
        erase(nights)
    person = Person((contact[1],), ())
    assert "marts.dim_customers_personal.email" in in_database(nights.warehouse.dsn(), person)
    monkeypatch.undo()
    erase(nights)
    assert in_database(nights.warehouse.dsn(), person) == {}
