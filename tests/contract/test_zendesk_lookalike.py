"""The look-alike does what Zendesk is recorded to do, also where that is awkward."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.vendors.zendesk.limits import Limits
from sandbox.world import World
from tests.contract.zendesk_account import Account, account
from tests.contract.zendesk_company import AGENT, DELETED, FIRST_USER, MERGED, OLD, OPENS_AT, RATED, WINNER

NOW = int(OPENS_AT.timestamp())


@pytest.fixture(scope="module")
def acme() -> Iterator[Account]:
    """The made company at its first night; for tests that change nothing."""
    with account() as served_here:
        yield served_here


def ask(acme: Account, path: str, **params: Any) -> requests.Response:
    given = acme.world.credentials.zendesk
    return requests.get(
        f"{acme.url}/api/v2/{path}", params=params, auth=(f"{given.email}/token", given.token), timeout=10
    )


def test_a_wrong_token_is_refused_in_zendesks_words(acme: Account) -> None:
    given = acme.world.credentials.zendesk
    reply = requests.get(f"{acme.url}/api/v2/tickets.json", auth=(f"{given.email}/token", "x"), timeout=10)
    assert (reply.status_code, reply.json()) == (401, {"error": "Couldn't authenticate you"})


def test_users_me_answers_an_anonymous_caller_with_200(acme: Account) -> None:
    reply = requests.get(f"{acme.url}/api/v2/users/me.json", timeout=10)
    assert reply.status_code == 200 and reply.json()["user"]["id"] is None
    assert requests.get(f"{acme.url}/api/v2/tickets.json", timeout=10).status_code == 401


@pytest.mark.parametrize(
    "path", ["tickets/999999.json", "users/1.json", f"tickets/{DELETED}.json", "tickets/9/comments"]
)
def test_an_unknown_id_is_not_found(acme: Account, path: str) -> None:
    reply = ask(acme, path)
    assert (reply.status_code, reply.json()) == (404, {"error": "RecordNotFound", "description": "Not found"})


def test_an_unknown_path_is_an_invalid_endpoint(acme: Account) -> None:
    assert ask(acme, "requests.json").json()["error"] == "InvalidEndpoint"
    assert ask(acme, "incremental/requests.json").status_code == 404


@pytest.mark.parametrize(
    ("path", "params", "error"),
    [
        ("incremental/tickets/cursor.json", {}, "InvalidValue"),  # neither start_time nor cursor
        ("incremental/tickets/cursor.json", {"start_time": "monday"}, "InvalidValue"),
        ("incremental/tickets/cursor.json", {"start_time": "-1"}, "InvalidValue"),
        ("incremental/tickets/cursor.json", {"cursor": "bm9uc2Vuc2U="}, "InvalidValue"),
        ("incremental/tickets/cursor.json", {"start_time": "0", "per_page": "many"}, "InvalidValue"),
        ("incremental/ticket_events.json", {}, "InvalidValue"),
        ("satisfaction_ratings.json", {"start_time": "monday"}, "InvalidValue"),
        ("guide/survey_responses", {"filter[created_at_start]": "monday"}, "InvalidValue"),
        ("tickets.json", {"page": "0"}, "InvalidValue"),
    ],
)
def test_what_cannot_be_asked_is_refused(acme: Account, path: str, params: dict[str, str], error: str) -> None:
    reply = ask(acme, path, **params)
    assert (reply.status_code, reply.json()["error"]) == (400, error)


@pytest.mark.parametrize("path", ["tickets.json", "guide/survey_responses"])
def test_a_page_that_is_too_large_or_follows_no_token_is_refused(acme: Account, path: str) -> None:
    for params in ({"page[size]": "101"}, {"page[size]": "5", "page[after]": "bm9uc2Vuc2U="}):
        reply = ask(acme, path, **params)
        assert reply.status_code == 400 and "error" in reply.text.lower()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_is_here_can_only_be_read(acme: Account, method: str) -> None:
    given = acme.world.credentials.zendesk
    for path in ("incremental/tickets/cursor.json", "tickets.json", f"tickets/{WINNER}.json"):
        url, who = f"{acme.url}/api/v2/{path}", (f"{given.email}/token", given.token)
        reply = requests.request(method, url, json={}, auth=who, timeout=10)
        assert (reply.status_code, reply.json()["error"]) == (404, "InvalidEndpoint")
        assert requests.request(method, url, json={}, timeout=10).status_code == 401


@pytest.mark.parametrize("path", ["incremental/tickets/cursor.json", "incremental/ticket_events.json"])
def test_a_start_time_within_the_last_minute_is_too_recent(acme: Account, path: str) -> None:
    reply = ask(acme, path, start_time=NOW - 59)
    assert reply.status_code == 422 and "Too recent start_time" in reply.json()["description"]
    assert ask(acme, path, start_time=NOW - 60).status_code == 200


def test_the_exports_leave_out_the_minute_before_the_request() -> None:
    with account() as acme:
        acme.world.advance(1)
        all_of_it = ask(acme, "incremental/ticket_events.json", start_time=0).json()["ticket_events"]
        latest = max(event["timestamp"] for event in all_of_it)
        acme.world._clock = acme.world._clock.fromtimestamp(latest + 59, acme.world._clock.tzinfo)
        seen = ask(acme, "incremental/ticket_events.json", start_time=0).json()["ticket_events"]
        assert max(event["timestamp"] for event in seen) < latest
        assert len(seen) < len(all_of_it)


def test_the_last_page_of_an_export_still_carries_a_cursor(acme: Account) -> None:
    page = ask(acme, "incremental/tickets/cursor.json", start_time=0).json()
    assert page["end_of_stream"] is True
    assert page["after_cursor"] and "cursor=" in page["after_url"]
    again = ask(acme, "incremental/tickets/cursor.json", cursor=page["after_cursor"]).json()
    assert again["tickets"] == [] and again["end_of_stream"] and again["after_cursor"] == page["after_cursor"]


def test_tickets_are_ordered_and_filtered_by_generated_timestamp(acme: Account) -> None:
    tickets = ask(acme, "incremental/tickets/cursor.json", start_time=0).json()["tickets"]
    order = [ticket["generated_timestamp"] for ticket in tickets]
    assert order == sorted(order)
    late = ask(acme, "incremental/tickets/cursor.json", start_time=order[10]).json()["tickets"]
    assert [ticket["id"] for ticket in late] == [t["id"] for t in tickets if t["generated_timestamp"] >= order[10]]


def test_a_time_export_goes_on_to_the_end_of_its_last_second_and_begins_with_it_again(acme: Account) -> None:
    sizes, start = [], 0
    seen: list[tuple[int, int]] = []
    while True:
        page = ask(acme, "incremental/ticket_events.json", start_time=start, per_page=1).json()
        rows = [(event["timestamp"], event["id"]) for event in page["ticket_events"]]
        again = [row for row in rows if row in seen]
        assert again == [row for row in seen if row[0] == start]  # the last second's rows, all of them
        fresh = rows[len(again) :]
        sizes.append(len(fresh))
        seen += fresh
        assert page["end_time"] == rows[-1][0] and page["next_page"].endswith(f"start_time={rows[-1][0]}")
        if page["end_of_stream"]:
            break
        start = page["end_time"]
    assert max(sizes) >= 12 and min(sizes) <= 1  # about per_page
    assert seen == sorted(set(seen))


def test_comments_are_spelled_out_only_for_who_asks(acme: Account) -> None:
    short = ask(acme, "incremental/ticket_events.json", start_time=0).json()["ticket_events"]
    long = ask(acme, "incremental/ticket_events.json", start_time=0, include="comment_events").json()["ticket_events"]
    comments = [
        [child for event in events for child in event["child_events"] if child["event_type"] == "Comment"]
        for events in (short, long)
    ]
    assert comments[0][0].keys() >= {"comment_present", "comment_public"} and "body" not in comments[0][0]
    assert comments[1][0]["body"] and len(comments[0]) == len(comments[1])


def test_changes_name_their_field_by_its_own_key(acme: Account) -> None:
    events = ask(acme, "incremental/ticket_events.json", start_time=0).json()["ticket_events"]
    changes = [
        child
        for event in events
        if event["ticket_id"] == RATED and event["updater_id"] == AGENT
        for child in event["child_events"]
        if child["event_type"] == "Change"
    ]
    assert {"status": "solved", "previous_value": "new"}.items() <= changes[0].items()
    assert any(change.get("assignee_id") == AGENT for change in changes)


def test_a_merge_closes_the_loser_and_leaves_a_private_note_on_both(acme: Account) -> None:
    events = ask(acme, "incremental/ticket_events.json", start_time=0, include="comment_events").json()["ticket_events"]
    merges = {event["ticket_id"]: event["child_events"] for event in events if event["via"] == "Merge"}
    assert merges.keys() == {MERGED, WINNER}
    assert all(not child["public"] for children in merges.values() for child in children if "public" in child)
    assert any(child.get("status") == "closed" for child in merges[MERGED])
    note = next(child for child in merges[WINNER] if child["event_type"] == "Comment")
    assert note["via"]["source"] == {
        "from": {"subject": f"Ticket {MERGED}", "ticket_id": MERGED, "ticket_ids": [MERGED]},
        "to": {},
        "rel": "merge",
    }


def test_a_merge_of_users_moves_the_tickets_and_the_address(acme: Account) -> None:
    tickets = ask(acme, "incremental/tickets/cursor.json", start_time=0).json()["tickets"]
    assert FIRST_USER + 3 not in {t["requester_id"] for t in tickets if t["id"] == 106}
    loser = ask(acme, f"users/{FIRST_USER + 3}.json").json()["user"]
    assert (loser["active"], loser["email"]) == (False, None)
    deleted = ask(acme, f"users/{FIRST_USER + 5}.json").json()["user"]
    assert (deleted["active"], deleted["email"], deleted["permanently_deleted"]) == (False, "p6@example.com", False)


def test_closed_tickets_leave_the_list_after_120_days_and_deleted_ones_at_once(acme: Account) -> None:
    listed = ask(acme, "tickets.json", **{"page[size]": 100}).json()["tickets"]
    assert {DELETED, OLD}.isdisjoint(ticket["id"] for ticket in listed)
    assert ask(acme, "tickets/count.json").json()["count"]["value"] == len(listed)


def test_page_numbers_end_at_ten_thousand_records(acme: Account) -> None:
    reply = ask(acme, "tickets.json", page=101, per_page=100)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "InvalidPaginationDepth")
    assert ask(acme, "tickets.json", page=2, per_page=10).json()["previous_page"]


def test_cursor_lists_page_by_meta_and_links(acme: Account) -> None:
    first = ask(acme, "satisfaction_ratings.json", **{"page[size]": 3}).json()
    assert first["meta"]["has_more"] and "page%5Bafter%5D=" in first["links"]["next"]
    second = requests.get(
        first["links"]["next"],
        timeout=10,
        auth=(f"{acme.world.credentials.zendesk.email}/token", acme.world.credentials.zendesk.token),
    ).json()
    assert {r["id"] for r in first["satisfaction_ratings"]}.isdisjoint(r["id"] for r in second["satisfaction_ratings"])
    assert ask(acme, "satisfaction_ratings.json", **{"page[size]": 3, "page[after]": "x"}).status_code == 400


def test_surveys_come_at_most_fifty_a_page_newest_first_without_links(acme: Account) -> None:
    assert ask(acme, "guide/survey_responses", **{"page[size]": 51}).status_code == 400
    page = ask(acme, "guide/survey_responses").json()
    ids = [response["id"] for response in page["survey_responses"]]
    assert ids == sorted(ids, reverse=True) and "links" not in page
    assert ask(acme, "guide/survey_responses", sort="id").json()["survey_responses"][0]["id"] == ids[-1]
    late = ask(
        acme, "guide/survey_responses", **{"filter[created_at_start]": (NOW - 20 * 86_400 + 7_200) * 1000}
    ).json()
    assert 0 < len(late["survey_responses"]) < len(ids)


def test_metric_sets_come_beside_the_tickets_of_a_page_for_who_asks(acme: Account) -> None:
    plain = ask(acme, "incremental/tickets/cursor.json", start_time=0, per_page=4).json()
    assert "metric_sets" not in plain
    page = ask(acme, "incremental/tickets/cursor.json", start_time=0, per_page=4, include="metric_sets").json()
    assert page["tickets"] == plain["tickets"] and page["after_cursor"] == plain["after_cursor"]
    assert {one["ticket_id"] for one in page["metric_sets"]} == {ticket["id"] for ticket in page["tickets"]}


def test_a_ticket_s_metric_set_can_be_asked_for_alone_or_listed_with_the_newest_first(acme: Account) -> None:
    one = ask(acme, f"tickets/{RATED}/metrics.json").json()["ticket_metric"]
    # an agent noted the call publicly, and wrote again three hours later; a program answered after one
    assert one["reply_time_in_minutes"]["calendar"] == 60 and one["replies"] == 3
    assert ask(acme, f"tickets/{DELETED}/metrics.json").status_code == 404
    listed = ask(acme, "ticket_metrics.json", **{"page[size]": 100}).json()["ticket_metrics"]
    assert [one["created_at"] for one in listed] == sorted((one["created_at"] for one in listed), reverse=True)
    assert OLD not in {one["ticket_id"] for one in listed}  # archived


def test_policies_come_by_position_with_filters_made_like_conditions(acme: Account) -> None:
    policies = ask(acme, "slas/policies.json").json()["sla_policies"]
    assert [(one["position"], one["title"]) for one in policies] == [
        (1, "Urgent"),
        (2, "Deliveries"),
        (3, "Money"),
        (4, "First reply"),
    ]
    is_open = {"field": "status", "operator": "less_than", "value": ["solved"]}
    assert policies[3]["filter"] == {"all": [is_open], "any": []}
    assert policies[0]["filter"]["all"] == [is_open, {"field": "priority", "operator": "is", "value": "urgent"}]
    assert policies[2]["filter"]["any"] == [
        {"field": "current_tags", "operator": "includes", "value": "topic_billing"},
        {"field": "current_tags", "operator": "includes", "value": "topic_returns"},
    ]
    metrics = {target["metric"] for one in policies for target in one["policy_metrics"]}
    assert metrics == {
        "first_reply_time",
        "next_reply_time",
        "requester_wait_time",
        "agent_work_time",
        "pausable_update_time",
    }


def test_groups_are_listed_with_the_deleted_ones(acme: Account) -> None:
    groups = ask(acme, "groups.json", **{"page[size]": 100}).json()["groups"]
    assert {group["name"]: group["deleted"] for group in groups} == {"Tier 1": False, "Showroom": True}
    assert [group["name"] for group in groups if group["default"]] == ["Tier 1"]
    assert ask(acme, f"groups/{groups[0]['id']}.json").json()["group"] == groups[0]
    rated = ask(acme, f"tickets/{RATED}.json").json()["ticket"]
    assert rated["group_id"] == next(group["id"] for group in groups if group["name"] == "Tier 1")


def test_schedules_name_their_zone_as_rails_does_and_count_minutes_from_sunday(acme: Account) -> None:
    body = ask(acme, "business_hours/schedules.json").json()
    assert body.keys() == {"schedules", "url"}
    care, york, logistics = body["schedules"]
    assert [one["time_zone"] for one in body["schedules"]] == ["Warsaw", "Eastern Time (US & Canada)", "Warsaw"]
    monday = 1_440
    assert care["intervals"][0] == {"start_time": monday + 540, "end_time": monday + 1_020}
    assert york["intervals"][-1] == {"start_time": 5 * 1_440 + 480, "end_time": 5 * 1_440 + 1_200}
    assert logistics["intervals"][:2] == [
        {"start_time": monday + 420, "end_time": monday + 720},  # none spans a day, so a break makes two
        {"start_time": monday + 750, "end_time": monday + 1_140},
    ]
    for one in body["schedules"]:
        assert all(part["start_time"] // 1_440 == (part["end_time"] - 1) // 1_440 for part in one["intervals"])


def test_holidays_are_asked_for_schedule_by_schedule_and_do_not_name_it(acme: Account) -> None:
    care, york, _ = (one["id"] for one in ask(acme, "business_hours/schedules.json").json()["schedules"])
    body = ask(acme, f"business_hours/schedules/{care}/holidays.json").json()
    assert body.keys() == {"holidays", "url"}
    assert body["holidays"][0].keys() == {"id", "name", "start_date", "end_date"}
    days = {one["name"]: (one["start_date"], one["end_date"]) for one in body["holidays"]}
    assert days["Christmas 2025"] == ("2025-12-25", "2025-12-26")
    assert days["Independence Day 2025"] == ("2025-11-11", "2025-11-11")
    assert "New Year 2027" in days  # entered up to the end of next year
    american = ask(acme, f"business_hours/schedules/{york}/holidays.json").json()["holidays"]
    assert ("2025-11-27", "2025-11-28") in {(one["start_date"], one["end_date"]) for one in american}
    reply = ask(acme, "business_hours/schedules/1/holidays.json")
    assert (reply.status_code, reply.json()["error"]) == (404, "RecordNotFound")


def test_every_reply_tells_the_budget_in_each_recorded_spelling(acme: Account) -> None:
    headers = ask(acme, "incremental/tickets/cursor.json", start_time=0).headers
    recorded = ("X-Rate-Limit", "X-Rate-Limit-Remaining", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
    assert all(name in headers for name in recorded)
    assert headers["zendesk-ratelimit-incremental-exports"].startswith("total=")
    assert (
        "zendesk-ratelimit-incremental-exports-cursor"
        in ask(acme, "incremental/users/cursor.json", start_time=0).headers
    )
    assert "ratelimit-reset" not in ask(acme, "guide/survey_responses").headers


def test_beyond_the_plan_a_request_is_answered_429_with_the_seconds_to_wait() -> None:
    with account(limits=Limits(clock=lambda: 100.0)) as acme:
        replies = [ask(acme, "incremental/tickets/cursor.json", start_time=0) for _ in range(31)]
        assert [reply.status_code for reply in replies] == [200] * 30 + [429]
        assert replies[-1].headers["Retry-After"] == "20"
        assert ask(acme, "users/me.json").status_code == 200  # the other budgets are untouched


def test_added_records_are_served_byte_for_byte_and_replace_their_like() -> None:
    record = b'{"id":101 ,"status":"open",  "odd":"\xc3\xa9","created_at":"2026-01-01T00:00:00Z"}'
    with account() as acme:
        acme.world.add_record("zendesk", "tickets", record)
        reply = ask(acme, "incremental/tickets/cursor.json", start_time=0)
        assert record in reply.content
        assert [ticket["id"] for ticket in reply.json()["tickets"]].count(DELETED) == 1


def test_peoples_own_files_are_served_instead_of_a_company(tmp_path: Path) -> None:
    folder = tmp_path / "zendesk"
    folder.mkdir()
    lines = [
        {
            "id": n,
            "status": "open",
            "created_at": "2024-05-01T10:00:00Z",
            "updated_at": f"2024-05-0{n}T10:00:00Z",
            "generated_timestamp": 1_714_557_600 + n,
        }
        for n in range(1, 4)
    ]
    (folder / "tickets.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    with account(world=World(data=tmp_path)) as acme:
        landed = acme.read(acme.landed("tickets"))
        assert set(landed.records) == {"1", "2", "3"}
        assert acme.read(acme.landed("users")).records == {}
        with (folder / "tickets.jsonl").open("a") as file:
            file.write(json.dumps(lines[0] | {"id": 4, "generated_timestamp": 1_800_000_000}) + "\n")
        acme.world.advance(1)
        acme.read(landed)
        assert "4" in landed.records


def test_a_ticket_is_about_as_large_as_zendesks(acme: Account) -> None:
    body = ask(acme, "incremental/tickets/cursor.json", start_time=0)
    assert 1_000 <= len(body.content) / len(body.json()["tickets"]) <= 2_500


def test_the_clock_moves_nothing_that_has_happened(acme: Account) -> None:
    """Ids and bytes of past updates are the same on every night: what was exported is not changed behind one's back."""
    before = ask(acme, "incremental/ticket_events.json", start_time=0, include="comment_events").json()["ticket_events"]
    with account() as later:
        later.world.advance(5)
        after = ask(later, "incremental/ticket_events.json", start_time=0, include="comment_events").json()
    by_id = {event["id"]: event for event in after["ticket_events"]}
    assert all(by_id[event["id"]] == event for event in before)
    assert len(by_id) > len(before)
