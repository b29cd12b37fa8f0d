"""The contract of every connector in the registry: whatever fault the vendor has, nothing is lost and nothing doubled.

A vendor joins by being registered; what its look-alike declares in `sandbox/vendors/<vendor>/pages.py` says which
faults apply to which of its streams."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from cx_warehouse.connectors import registry
from sandbox.faults import KINDS
from sandbox.vendor_faults import applicable
from tests.contract.vendor_bench import RUNS, Bench, benches, is_change

STREAMS = [(source, stream) for source in registry.SOURCES for stream in registry.stream_names(source)]
CASES = [(source, stream, kind) for source, stream in STREAMS for kind in applicable(source, stream)]
# More often than one request is tried, so that a run fails in the middle and the next one has to go on.
OPTIONS: dict[str, dict[str, Any]] = {
    "slow_drip": {"seconds": 0.2},
    "hang": {"times": 2},
    "rate_limited_seconds": {"times": 5, "seconds": 7},
    "rate_limited_date": {"times": 5, "seconds": 30},
    "same_timestamp_10k": {"count": 23},
    "changed_during_walk": {"times": 3},
    "deleted_during_walk": {"times": 2},
    "token_expired": {"after": 1},
    "clock_skew": {"times": 0, "seconds": -300},
    **{
        kind: {"times": 5, "after": 1}
        for kind in (
            *("rate_limited", "server_error_500", "server_error_502", "server_error_503"),
            *("reset_before", "reset_in_body", "truncated", "wrong_content_type"),
        )
    },
}


@pytest.fixture(scope="module")
def vendors() -> Iterator[dict[str, Bench]]:
    """The vendors whose records no test changes."""
    with benches() as found:
        yield found


@pytest.fixture(scope="module")
def changing() -> Iterator[Callable[[str, str], Bench]]:
    """The vendor of a stream, over a company of the stream's own: its clock moves with each test of the stream."""
    with contextlib.ExitStack() as stack:
        held: dict[tuple[str, str], Bench] = {}

        def found(source: str, stream: str) -> Bench:
            if (source, stream) not in held:
                stack.close()
                held.clear()
                held[source, stream] = stack.enter_context(benches())[source]
            return held[source, stream]

        yield found


@pytest.fixture
def bench(
    vendors: dict[str, Bench], changing: Callable[[str, str], Bench], source: str, stream: str, kind: str
) -> Iterator[Bench]:
    """The vendor that the test is about, without any fault before and after."""
    found = changing(source, stream) if is_change(kind) else vendors[source]
    found.sandbox.world.faults.clear()
    found.slept.clear()
    yield found
    found.sandbox.world.faults.clear()


def impatient(request: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
    """Requests as they are sent, but with a patience of a fifth of a second in place of the connectors' own."""

    def sent(*args: Any, **kwargs: Any) -> requests.Response:
        assert kwargs["timeout"] == (10.0, 60.0)  # seconds to connect, and between two bytes
        return request(*args, **{**kwargs, "timeout": (1.0, 0.2)})

    return sent


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("source", "stream", "kind"), CASES)
def test_nothing_is_lost_or_doubled_under(
    bench: Bench, source: str, stream: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "hang":
        monkeypatch.setattr(requests.Session, "request", impatient(requests.Session.request))
    before = len(bench.injected)
    bench.fault(kind, **OPTIONS.get(kind, {}), seed=len(stream))
    if kind == "malformed_json" or (KINDS[kind].acts_on in ("page", "next page") and not is_change(kind)):
        for later in (2, 5):  # on other pages, and other lists, of the same walk
            bench.fault(kind, **OPTIONS.get(kind, {}), after=later, seed=later)
    if kind == "clock_skew" and "changed_during_walk" in applicable(source, stream):
        bench.fault("changed_during_walk", times=3)
    landed = bench.landed(stream)
    errors = bench.night(landed)
    happened = bench.injected[before:]
    if not happened:
        pytest.skip("the walk of this stream has no page that this could be done to")
    bench.sandbox.world.faults.clear()
    bench.check_messages(errors)
    if is_change(kind):
        bench.sandbox.world.advance(1)
        errors = bench.night(landed)
    assert len(errors) < RUNS
    fresh = bench.fresh(stream)
    # a record that the vendor broke is in quarantine, and raw keeps the version before
    kept = {key: record for key, record in landed.live.items() if key in fresh.live or not landed.quarantined}
    assert kept == fresh.live
    assert landed.complete_through == fresh.complete_through
    if not is_change(kind):
        assert sorted(landed.written) == sorted(fresh.written)
        assert landed.quarantined == fresh.quarantined


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("source", "stream", "kind"), [case for case in CASES if case[2] in ("stuck_cursor", "duplicate_page")]
)
def test_no_endless_loop_and_no_early_end_when_paging_is_stuck_for_good(
    bench: Bench, source: str, stream: str, kind: str
) -> None:
    before = len(bench.injected)
    bench.fault(kind, times=0)
    landed = bench.landed(stream)
    errors = bench.night(landed)
    if len(bench.injected) == before:
        pytest.skip("the walk of this stream has no page that this could be done to")
    bench.check_messages(errors)
    bench.sandbox.world.faults.clear()
    if landed.complete_through is None:
        assert len(errors) == RUNS
    else:  # it found another way
        assert landed.live == bench.fresh(stream).live
    assert bench.night(landed) == []
    assert landed.live == bench.fresh(stream).live
