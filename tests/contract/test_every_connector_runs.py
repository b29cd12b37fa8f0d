"""The contract of every connector in the registry, run by run: kills, re-reads, poison, refusals, outages, floods."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.errors import ConfigError, CxError, RetryableError
from sandbox.ledger import ledgers
from sandbox.vendor_faults import applicable
from tests.contract.harness import company_of, hurried, served
from tests.contract.vendor_bench import SETTINGS, Bench, benches, names_a_setting

STREAMS = [(source, stream) for source in registry.SOURCES for stream in registry.stream_names(source)]
FIRST = [(source, registry.stream_names(source)[0]) for source in registry.SOURCES]
MOST_TRIES = 4  # of one request
every_stream = pytest.mark.parametrize(("source", "stream"), STREAMS)
every_source = pytest.mark.parametrize(("source", "stream"), FIRST)


@pytest.fixture(scope="module")
def vendors() -> Iterator[dict[str, Bench]]:
    with benches() as found:
        yield found


@pytest.fixture
def bench(vendors: dict[str, Bench], source: str) -> Iterator[Bench]:
    """The vendor that the test is about, without any fault before and after."""
    vendors[source].sandbox.world.faults.clear()
    vendors[source].slept.clear()
    yield vendors[source]
    vendors[source].sandbox.world.faults.clear()


# --- a walk ---
@every_stream
def test_first_night_lands_what_the_vendor_has(bench: Bench, source: str, stream: str) -> None:
    landed = bench.fresh(stream)
    held = ledgers(bench.sandbox.world)[source][stream]
    assert set(landed.live) == {key for key, entry in held.items() if entry.record is not None and not entry.is_deleted}
    assert landed.quarantined == []
    assert landed.complete_through is not None


@every_stream
def test_walk_killed_after_each_page_goes_on_and_lands_everything_once(bench: Bench, source: str, stream: str) -> None:
    fresh = bench.fresh(stream)
    landed, runs = bench.landed(stream), 0
    while landed.complete_through is None:
        runs += 1
        assert runs <= fresh.pages + 2, "a run that is killed does not get any further"
        before = landed.state
        # a walk that keeps no place in its state begins anew each time, so it has to be let live a page longer
        bench.read(landed, pages=1 if landed.state != before or landed.state.get("walk") else runs)
    assert landed.live == fresh.live
    assert sorted(landed.written) == sorted(fresh.written)


@every_stream
def test_reading_again_writes_no_new_version(bench: Bench, source: str, stream: str) -> None:
    landed = bench.fresh(stream)
    before = len(landed.written)
    bench.read(landed)
    assert landed.written[before:] == []
    assert landed.deleted <= set(landed.records)


@every_stream
def test_no_message_and_no_description_shows_a_secret(bench: Bench, source: str, stream: str) -> None:
    shown = (
        repr(bench.connect()) + repr(registry.vendor(source)) + repr(registry.connector_class(source).streams[stream])
    )
    assert not any(secret in shown for secret in bench.secrets)


# --- accounts with nothing, and with poison, in them ---
@pytest.fixture(scope="module")
def empty() -> Iterator[dict[str, Bench]]:
    with benches(company_of([], datetime(2026, 3, 2, 2, tzinfo=UTC))) as found:
        yield found


@every_stream
def test_empty_account_is_whole_and_stays_so(empty: dict[str, Bench], source: str, stream: str) -> None:
    landed = empty[source].fresh(stream)
    assert landed.complete_through is not None
    first = dict(landed.records)
    empty[source].read(landed)
    assert landed.records == first and not landed.deleted and not landed.quarantined


POISON = (b'{"id": "poison-1", "nothing": "else"}', b'{"id": "poison-2", "broken": tru}', b'{"id": "poison-3 \xff"}')


@pytest.fixture(scope="module")
def poisoned() -> Iterator[dict[str, Bench]]:
    with benches() as found:
        for source, stream in STREAMS:
            found[source].sandbox.world.add_records(source, stream, POISON)
        yield found


@every_stream
def test_poisoned_records_are_quarantined_with_a_reason_and_cost_nothing_else(
    bench: Bench, poisoned: dict[str, Bench], source: str, stream: str
) -> None:
    landed = poisoned[source].fresh(stream)
    assert landed.complete_through is not None
    assert landed.live == bench.fresh(stream).live
    held = b"\n".join(body for body, _ in landed.quarantined)
    assert all(poison in held for poison in POISON)
    assert all(reason for _, reason in landed.quarantined)


# --- refusals ---
@contextlib.contextmanager
def refusing(status: int, asked: list[str]) -> Iterator[str]:
    """A vendor that answers everything in the same way."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        body = b'{"error": "refused", "message": "refused", "code": "refused", "description": "refused"}'
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    with served(app) as url:
        yield url


@every_stream
@pytest.mark.parametrize("status", [401, 403, 404])
def test_permanent_refusal_is_not_tried_again_and_names_the_setting(
    bench: Bench, source: str, stream: str, status: int
) -> None:
    asked: list[str] = []
    before = len(bench.requests())
    # as a connection with a token of its own: where tokens are fetched, the refusal would be of another request
    given = {**bench.sandbox.connections[source], **SETTINGS}
    with refusing(status, asked) as url:
        connector = registry.connect(source, {**given, "base_url": url}, hurried(source, bench.slept))
        landed = bench.landed(stream)
        with pytest.raises(ConfigError) as caught:
            landed.read(connector, Window(bench.sandbox.world.now()))
    # where tokens are fetched, a refused one may have ended: one more is fetched and tried
    tokens = len(bench.requests()) - before
    assert len(asked) == 1 or (status == 401 and len(asked) == tokens == 2)
    assert bench.slept == []
    assert str(status) in str(caught.value)
    assert names_a_setting(source, str(caught.value))
    bench.check_messages([caught.value])
    assert landed.state == {} and landed.records == {}


@every_source
def test_check_proves_the_connection_with_a_request_or_two(bench: Bench, source: str, stream: str) -> None:
    before = len(bench.requests())
    said = bench.connect().check()
    assert said and "\n" not in said and not any(secret in said for secret in bench.secrets)
    assert 1 <= len(bench.requests()) - before <= 2


@pytest.mark.parametrize(
    ("source", "setting"),
    [(source, one.name) for source in registry.SOURCES for one in registry.vendor(source).settings if one.required],
)
def test_missing_setting_is_named(bench: Bench, source: str, setting: str) -> None:
    without = {name: value for name, value in bench.config.items() if name != setting}
    with pytest.raises(ConfigError, match=setting):
        registry.connect(source, without)


# --- outages and floods ---
@every_stream
def test_outage_stops_a_stream_after_some_tries_and_its_neighbour_goes_on(
    vendors: dict[str, Bench], bench: Bench, source: str, stream: str
) -> None:
    control, neighbour = bench.sandbox.control, vendors[next(other for other in vendors if other != source)]
    landed, before = bench.landed(stream), len(bench.requests())
    control.off(source)
    try:
        with pytest.raises(RetryableError) as caught:
            bench.read(landed)
        assert 2 <= len(bench.requests()) - before <= MOST_TRIES
        bench.check_messages([caught.value])
        assert "503" in str(caught.value)
        assert neighbour.fresh(registry.stream_names(neighbour.source)[0]).complete_through is not None
    finally:
        control.on(source)
    assert landed.complete_through is None
    bench.read(landed)
    assert landed.live == bench.fresh(stream).live


def floods() -> list[Any]:
    """The first stream of each vendor that can have ten thousand records of one instant."""
    found = {}
    for source, stream in STREAMS:
        if "same_timestamp_10k" in applicable(source, stream):
            found.setdefault(source, stream)
    return list(found.items())


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("source", "stream"), floods())
def test_more_than_ten_thousand_records_of_one_instant_are_all_landed(source: str, stream: str) -> None:
    with benches() as found:
        bench = found[source]
        landed = bench.landed(stream)
        largest = {"page_size": ""}  # the default: as many as the vendor gives
        bench.read(landed, **largest)
        bench.fault("same_timestamp_10k")
        elsewhere = bench.landed(stream)
        while not bench.injected and elsewhere.complete_through is None:
            bench.read(elsewhere, pages=1)  # somebody's read, in which it happens
        assert [one["kind"] for one in bench.injected] == ["same_timestamp_10k"]
        bench.sandbox.world.advance(1)
        bench.read(landed, **largest)
        held = ledgers(bench.sandbox.world)[source][stream]
        there = {key for key, entry in held.items() if entry.record is not None and not entry.is_deleted}
        assert len(there) > 10_000
        assert set(landed.live) == there
        before = len(landed.written)
        bench.read(landed, **largest)
        assert len(landed.written) == before


@every_source
def test_error_of_any_kind_is_one_of_the_few(bench: Bench, source: str, stream: str) -> None:
    """A vendor that is gone, and one that is something else."""
    for address in ("http://127.0.0.1:9", "not an address"):
        with pytest.raises(CxError) as caught:
            bench.read(bench.landed(stream), base_url=address)
        bench.check_messages([caught.value])
