"""The Matomo look-alike behaves as the vendor's source says: its defaults, its bounds, its errors.

No client library reads it: of the two on the package index, matomo-api only puts addresses together, and PMMatomo sends
the token in them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.credentials import Credentials
from sandbox.ledger import GONE
from sandbox.vendors.matomo import build_app
from sandbox.vendors.matomo.ledger import ledger
from sandbox.world import World
from tests.contract.ga4_property import NIGHT
from tests.contract.harness import served
from tests.contract.matomo_site import Site, days, matomo, noon, visit


def ask(site: Site, method: str = "Live.getLastVisitsDetails", token: str | None = None, **more: Any) -> Any:
    params = {"module": "API", "method": method, "format": "json", "idSite": 1, **more}
    form = {"token_auth": site.config["token_auth"] if token is None else token}
    return requests.post(f"{site.config['base_url']}/index.php", params=params, data=form, timeout=10)


def ids(reply: requests.Response) -> list[int]:
    return [visited["idVisit"] // 100 for visited in reply.json()]


def test_ten_visits_come_unless_more_are_asked_for_the_newest_first() -> None:
    with matomo(days(1, a_day=15)) as site:
        day = {"period": "day", "date": "2026-03-09"}
        assert ids(ask(site, **day)) == list(range(14, 4, -1))
        assert ids(ask(site, **day, filter_offset=10)) == [4, 3, 2, 1, 0]
        assert len(ids(ask(site, **day, filter_limit=-1))) == 15
        assert ids(ask(site, **day, filter_limit=0)) == []
        assert ids(ask(site, **day, filter_sort_order="asc", filter_limit=2)) == [0, 1]
        # the column cannot be chosen
        assert ids(ask(site, **day, filter_sort_column="visitDuration", filter_limit=2)) == [14, 13]


def test_the_least_time_is_not_included() -> None:
    with matomo([visit(1, noon()), visit(2, noon(1, 1))]) as site:
        at = int(noon().timestamp())
        assert ids(ask(site, minTimestamp=at)) == [2]
        assert ids(ask(site, minTimestamp=at - 1)) == [2, 1]
        assert ids(ask(site, minTimestamp="soon")) == [2, 1]


def test_a_day_takes_the_next_midnight_in_and_today_begins_a_day_early() -> None:
    midnight = datetime(2026, 3, 8, 23, tzinfo=UTC)  # of the 9th, in the site's zone
    events = [visit(1, midnight - timedelta(seconds=1)), visit(2, midnight), visit(3, noon(1))]
    with matomo(events) as site:
        assert ids(ask(site, period="day", date="2026-03-08")) == [2, 1]
        assert ids(ask(site, period="day", date="2026-03-09")) == [3, 2]
        assert ids(ask(site, period="day", date="2026-03-10")) == [3, 2]  # the night is of the 10th
        assert ids(ask(site, period="day", date="today")) == [3, 2]
        assert ids(ask(site, period="day", date="2026-04-01")) == []


@pytest.mark.parametrize(("period", "found"), [("week", [2]), ("month", [2, 1]), ("year", [2, 1])])
def test_longer_periods_are_those_of_the_calendar(period: str, found: list[int]) -> None:
    with matomo([visit(1, noon(17)), visit(2, noon(12))]) as site:  # Saturday the 21st and Thursday the 26th
        assert ids(ask(site, period=period, date="2026-02-26")) == found


def test_offsets_shift_when_a_visit_goes_on() -> None:
    with matomo(days(1, a_day=6)) as site:
        day = {"period": "day", "date": "2026-03-09", "filter_limit": 2}
        assert ids(ask(site, **day)) == [5, 4]
        first = site.world.events()[0]
        site.world.happen(replace(first, engaged_sessions=1, engagement_seconds=4_000))
        assert ids(ask(site, **day, filter_offset=2)) == [4, 3]
        assert ids(ask(site, **day)) == [0, 5]


def test_the_days_report_counts_the_days_visits() -> None:
    with matomo([*days(2, a_day=3), visit(9_999, datetime(2026, 3, 8, 23, tzinfo=UTC))]) as site:
        assert ask(site, "VisitsSummary.get", period="day", date="2026-03-09").json()["nb_visits"] == 4
        by_day = ask(site, "VisitsSummary.get", period="day", date="2026-03-07,2026-03-09").json()
        assert {day: totals["nb_visits"] for day, totals in by_day.items()} == {
            "2026-03-07": 0,
            "2026-03-08": 3,
            "2026-03-09": 4,
        }


def test_access_is_denied_with_401_and_everything_else_is_an_error_with_200() -> None:
    with matomo([]) as site:
        denied = ask(site, token="wrong")
        assert (denied.status_code, denied.json()["result"]) == (401, "error")
        assert "requires 'view' access for the website id = 1" in denied.json()["message"]
        assert ask(site, idSite=7).status_code == 401
        for wrong in (
            {"method": "Live.getAll"},
            {"period": "day", "date": "soon"},
            {"period": "hour", "date": "today"},
        ):
            refused = ask(site, **wrong)
            assert (refused.status_code, refused.json()["result"]) == (200, "error"), wrong


def test_a_token_in_the_address_is_taken_too_and_a_page_without_the_module_is_the_login() -> None:
    with matomo(days(1)) as site:
        url = f"{site.config['base_url']}/index.php?module=API&method=Live.getLastVisitsDetails&idSite=1&format=json"
        token = site.config["token_auth"]
        assert len(requests.get(f"{url}&token_auth={token}", timeout=10).json()) == 1
        page = requests.get(f"{site.config['base_url']}/index.php", timeout=10)
        assert page.headers["content-type"].startswith("text/html")


def test_a_visit_added_by_hand_replaces_the_one_of_its_id_and_an_unreadable_one_is_of_yesterday() -> None:
    with matomo([visit(1, noon())]) as site:
        site.world.add_record("matomo", "visits", b'{"idVisit": 100, "lastActionTimestamp": 1772000000}')
        site.world.add_record("matomo", "visits", b"not json")
        day = ask(site, period="day", date="2026-03-09").content
        assert day == b"[not json]"
        assert ask(site, period="range", date="2026-01-01,2026-03-01").json() == [
            {"idVisit": 100, "lastActionTimestamp": 1772000000}
        ]


def test_records_from_files_are_served(tmp_path: Path) -> None:
    (tmp_path / "matomo").mkdir()
    at = int(datetime.now(UTC).timestamp()) - 2 * 86_400
    line = {"idSite": 1, "idVisit": 5, "lastActionTimestamp": at, "firstActionTimestamp": at, "actionDetails": []}
    (tmp_path / "matomo/visits.jsonl").write_text(json.dumps(line) + "\n")
    world = World(data=tmp_path)
    with served(build_app(world)) as url, matomo([]) as site:
        site.config = {**world.credentials.for_connections({"matomo": url})["matomo"], "history_days": 5}
        site.world = world
        assert set(site.read().live) == {"5"}


def test_the_ledger_tells_what_is_there_and_what_was_erased() -> None:
    events = [visit(1, noon()), visit(2, noon(), sessions=2), visit(3, noon(2))]
    with matomo(events) as site:
        site.world.purge("matomo", "visits", "300")
        site.world.happen(replace(events[1], sessions=1))
        told = ledger(site.world)["visits"]
        landed = site.read()
    assert {key for key, entry in told.items() if entry == GONE} == {"201", "300"}
    assert {key: entry.record for key, entry in told.items() if not entry.is_deleted} == landed.live
    assert site.world.now() == NIGHT


def test_a_home_of_an_earlier_version_has_credentials_for_it(tmp_path: Path) -> None:
    kept = tmp_path / "credentials.json"
    Credentials.load_or_create(kept)
    stored = json.loads(kept.read_text())
    del stored["matomo"]
    kept.write_text(json.dumps(stored))
    assert Credentials.load_or_create(kept).for_connections({"matomo": "http://here"})["matomo"]["token_auth"]
