"""The mutations, as data: where a fix is, what the code is without it, and the tests that must notice."""

from __future__ import annotations

from tests.known_bugs import (
    GA4,
    HUBSPOT,
    HUBSPOT_BUGS,
    MATOMO,
    TYPEFORM,
    TYPEFORM_BUGS,
    ZENDESK,
    ZENDESK_BUGS,
    ZENDESK_FAULTS,
    ZENDESK_WALKS,
)
from tests.mutants.identity import IDENTITY_MUTATIONS
from tests.mutants.mutation import Mutation
from tests.mutants.privacy import PRIVACY_MUTATIONS

LANDING = "tests/integration/test_landing.py"
HTTP = "tests/unit/connectors/test_http_client.py"
ENVELOPE = "tests/unit/connectors/test_http_envelope.py"
PAGES = "landing/pages.py"


HUBSPOT_MUTATIONS = (
    Mutation(
        "search goes on by its offset instead of by id (bugs 1, 2)",
        "connectors/hubspot/objects.py",
        "progress.last_id, progress.token = numbers[-1], None",
        "progress.token = listed.after",
        (f"{HUBSPOT}::test_everything_is_read_when_more_than_10000_records_share_one_time_of_change",),
    ),
    Mutation(
        "no lookback for the lag of the index (bug 3)",
        "connectors/hubspot/objects.py",
        "since = min(watermark, window.end) - self._lookback",
        "since = min(watermark, window.end)",
        (f"{HUBSPOT}::test_a_record_that_the_search_index_did_not_have_yet_is_read_the_next_night",),
    ),
    Mutation(
        "records newer than the window are landed at once (bug 4)",
        "connectors/hubspot/objects.py",
        "return end < changed and changed - end < IMPLAUSIBLE",
        "return False",
        (f"{HUBSPOT}::test_a_record_newer_than_the_window_is_left_to_the_next_night",),
    ),
    Mutation(
        "no pass over the archived records (bug 5)",
        "connectors/hubspot/objects.py",
        'progress.phase, progress.token = "archived", None',
        'progress.phase, progress.token = "done", None',
        (f"{HUBSPOT}::test_an_archived_record_is_a_deleted_version",),
    ),
    Mutation(
        "links are read once, not whole every night (bug 6)",
        "connectors/hubspot/restated.py",
        "scope_complete=progress.done,",
        "scope_complete=False,",
        (f"{HUBSPOT}::test_a_link_is_seen_and_its_removal_too_when_the_contact_does_not_change",),
    ),
    Mutation(
        "the ids of merged-away records are not read (bug 7)",
        "connectors/hubspot/objects.py",
        "tombstones += [Tombstone(merged, seen.changed_at()) for merged in seen.merged_ids()]",
        "pass",
        (f"{HUBSPOT}::test_a_merged_contact_is_deleted_and_its_links_are_the_winners",),
    ),
    Mutation(
        "the end is believed whatever the total (bug 8)",
        "connectors/hubspot/objects.py",
        "seen < total * 0.99 - 100",
        "seen < 0",
        (f"{HUBSPOT}::test_a_list_or_search_that_ends_far_too_early_is_not_taken_for_the_end",),
    ),
    Mutation(
        "the watermark is when the walk ended (bug 9)",
        "connectors/hubspot/objects.py",
        "watermark = max(progress.started, _watermark(saved) or progress.started)",
        "watermark = datetime.now(progress.started.tzinfo)",
        (f"{HUBSPOT}::test_what_changes_while_the_first_list_is_read_is_read_by_the_next_walk",),
    ),
    Mutation(
        "search asks for what changed after the bound (bug 11)",
        "connectors/hubspot/api.py",
        '"operator": "GTE"',
        '"operator": "GT"',
        (f"{HUBSPOT}::test_records_of_the_very_moment_at_which_the_search_begins_are_read",),
    ),
    Mutation(
        "a page shorter than asked for ends the walk (bug 28)",
        "connectors/hubspot/api.py",
        "after = envelope.paging.next.after if envelope.paging and envelope.paging.next else None",
        "after = envelope.paging.next.after if envelope.paging and len(sliced.records) >= LIST_LIMIT else None",
        (f"{HUBSPOT_BUGS}::test_a_short_page_is_not_taken_for_the_end_bug_28",),
    ),
)

ZENDESK_MUTATIONS = (
    Mutation(
        "rows of the future move the watermark (bug 9)",
        "connectors/zendesk/walks.py",
        "        if at > limit:\n            beyond = True\n        else:",
        "        if True:",
        (f"{ZENDESK_FAULTS}::test_a_far_future_date_does_not_bend_the_watermark_bug_9",),
    ),
    Mutation(
        "an end_time of the future moves the watermark (bug 9)",
        "connectors/zendesk/walks.py",
        "_iso(min(_moment(end), horizon)) if end",
        "_iso(_moment(end)) if end",
        (f"{ZENDESK_FAULTS}::test_a_far_future_end_time_does_not_bend_the_watermark_bug_9",),
    ),
    Mutation(
        "a list's watermark is when its walk ended (bug 9)",
        "connectors/zendesk/walks.py",
        'reached = {"time": max(through, watermark.get("time") or "")}',
        'reached = {"time": _iso(datetime.now(UTC))}',
        (f"{ZENDESK_WALKS}::test_a_lists_watermark_is_when_its_walk_began_and_never_moves_back",),
    ),
    Mutation(
        "each request begins at a time instead of going on from the cursor (bug 10)",
        "connectors/zendesk/walks.py",
        'asked = {"cursor": cursor} if cursor else',
        "asked =",
        (f"{ZENDESK}::test_the_cursor_is_carried_over_and_start_time_is_sent_once_bug_10",),
    ),
    Mutation(
        "an export begins after the bound's second (bug 11)",
        "connectors/zendesk/walks.py",
        'return {"start_time": str(max(0, int(',
        'return {"start_time": str(max(0, 1 + int(',
        (f"{ZENDESK_BUGS}::test_a_row_of_the_watermarks_own_second_is_read_the_next_night_bug_11",),
    ),
    Mutation(
        "the page after a tie begins after it (bug 11)",
        "connectors/zendesk/walks.py",
        '"cursor": page.after_cursor}',
        '"cursor": None, "since": _iso(_moment(int(_parse(moved["time"]).timestamp()) + 1))}',
        (f"{ZENDESK}::test_ties_at_a_page_edge_all_arrive_when_many_rows_share_one_second_bug_11",),
    ),
    Mutation(
        "a cursor that stands still is taken for the end (bug 12)",
        "connectors/zendesk/walks.py",
        "done = answer.too_recent or _flag(endpoint, page)\n        moved",
        "done = _flag(endpoint, page) or not page.after_cursor or page.after_cursor in (cursor, *seen)\n        moved",
        (f"{ZENDESK_FAULTS}::test_a_cursor_that_does_not_move_is_an_error_and_not_an_end_bug_12",),
    ),
    Mutation(
        "an end_time that stands still is taken for the end (bug 12)",
        "connectors/zendesk/walks.py",
        "if done or end >= window.end.timestamp():",
        "if done or end <= start or end >= window.end.timestamp():",
        (f"{ZENDESK_FAULTS}::test_an_end_time_that_does_not_move_is_an_error_bug_12",),
    ),
    Mutation(
        "rows that were updated before start_time are left out (bug 13)",
        "connectors/zendesk/connector.py",
        "return walks.Answer(sliced.envelope, size, sliced.records, sliced.malformed)",
        "since = int(params.get('start_time', 0))\n"
        "            kept = [raw for raw in sliced.records if walks._parse(msgspec.json.decode(raw)"
        ".get('updated_at', '2099-01-01T00:00:00Z')).timestamp() >= since]\n"
        "            return walks.Answer(sliced.envelope, size, kept, sliced.malformed)",
        (f"{ZENDESK}::test_a_system_change_that_leaves_updated_at_alone_arrives_bug_13",),
    ),
    Mutation(
        "a ticket is dated by updated_at (bug 13)",
        "connectors/zendesk/contracts.py",
        "if self.generated_timestamp is None:",
        "if True:",
        (f"{ZENDESK_BUGS}::test_a_ticket_is_dated_by_generated_timestamp_bug_13",),
    ),
    Mutation(
        "tickets by page numbers instead of the export (bugs 14, 15, 16)",
        "connectors/zendesk/streams.py",
        '"api/v2/incremental/tickets/cursor.json",\n        "tickets",\n        "cursor_export",\n',
        '"api/v2/tickets.json",\n        "tickets",\n        "whole_list",\n',
        (
            f"{ZENDESK}::test_archived_tickets_arrive_although_the_lists_leave_them_out_bug_14",
            f"{ZENDESK}::test_only_the_incremental_exports_and_cursor_lists_are_asked_bugs_14_15_16",
        ),
    ),
    Mutation(
        "ratings by page numbers (bug 15)",
        "connectors/zendesk/streams.py",
        '        "satisfaction_ratings",\n        "changed_list",\n        ("page[size]", 100),',
        '        "satisfaction_ratings",\n        "whole_list",\n        ("per_page", 100),',
        (f"{ZENDESK_BUGS}::test_a_list_of_more_than_10000_rows_arrives_whole_bug_15",),
    ),
    Mutation(
        "comments are not asked for together with their events (bug 17)",
        "connectors/zendesk/streams.py",
        '{"include": "comment_events"}',
        "{}",
        (f"{ZENDESK}::test_a_deleted_tickets_comments_stay_and_nobody_asks_for_them_one_by_one_bug_17",),
    ),
    Mutation(
        "a short page ends a time export (bug 28)",
        "connectors/zendesk/walks.py",
        "if done or end >= window.end.timestamp():",
        "if done or len(answer.records) != answer.page_size or end >= window.end.timestamp():",
        (f"{ZENDESK}::test_a_short_page_does_not_end_the_walk_bug_28",),
    ),
    Mutation(
        "a short page ends a list (bug 28)",
        "connectors/zendesk/walks.py",
        "if not page.meta.has_more:",
        "if not page.meta.has_more or len(answer.records) < answer.page_size:",
        (f"{ZENDESK_WALKS}::test_a_short_page_of_a_list_does_not_end_it_bug_28",),
    ),
    Mutation(
        "holidays of a schedule that cannot be read are taken for gone",
        "connectors/zendesk/walks.py",
        "scope_complete=is_whole",
        "scope_complete=True",
        (f"{ZENDESK}::test_the_holidays_of_a_schedule_that_cannot_be_read_are_not_taken_for_gone",),
    ),
    Mutation(
        "a broken ticket costs the metric sets of its page",
        "connectors/zendesk/streams.py",
        'beside=("tickets",),',
        "beside=(),",
        (f"{ZENDESK}::test_a_broken_ticket_costs_its_neighbours_metric_sets_nothing",),
    ),
    Mutation(
        "a schedule that was deleted since it was listed ends the walk",
        "connectors/zendesk/connector.py",
        "if reply.status == 404 and may_be_gone:",
        "if False:",
        (f"{ZENDESK}::test_a_schedule_that_was_deleted_since_it_was_listed_has_no_holidays",),
    ),
)


TYPEFORM_MUTATIONS = (
    Mutation(
        "the token that leads on is the page's first, not its last (bug 18)",
        "connectors/typeform/responses.py",
        "            token = response.token\n",
        "            token = token or response.token\n",
        (f"{TYPEFORM}::test_no_page_is_lost_when_a_form_has_many_pages_bug_18",),
    ),
    Mutation(
        "a page that lies on the bound ends the walk (bug 11)",
        "connectors/typeform/responses.py",
        "newest < position.bound",
        "newest <= position.bound",
        (f"{TYPEFORM_BUGS}::test_responses_of_the_bounds_own_second_all_arrive_when_they_fill_pages_bug_11",),
    ),
    Mutation(
        "the next form begins with the last one's token (bug 19)",
        "connectors/typeform/responses.py",
        "self._walk.form, self._walk.position = None, None\n",
        "self._walk.form = next((form for form in self._forms.ids() if form not in self._walk.done), None)\n",
        (f"{TYPEFORM}::test_the_token_starts_afresh_when_the_next_form_begins_bug_19",),
    ),
    Mutation(
        "a response is known by its token alone (bug 20)",
        "connectors/typeform/streams.py",
        'return f"{self.form_id}:{self.response.token}"',
        "return self.response.token",
        (f"{TYPEFORM}::test_the_same_token_on_two_forms_is_two_responses_bug_20",),
    ),
    Mutation(
        "the watermark moves with the first page, which is the newest (bug 20)",
        "connectors/typeform/responses.py",
        "            wrapped = self._wrap(form_id, page.records)\n",
        "            wrapped = self._wrap(form_id, page.records)\n"
        "            self._marks[form_id] = FormMark(self._window.end, self._window.end)\n",
        (f"{TYPEFORM}::test_the_watermark_moves_only_after_a_forms_whole_walk_bug_20",),
    ),
    Mutation(
        "a walk does not stop below the overlap (bug 20)",
        "connectors/typeform/responses.py",
        "return token, reached_end, past_bound and not reached_end",
        "return token, reached_end, False",
        (f"{TYPEFORM}::test_a_night_reads_no_further_than_the_overlap_when_the_form_is_large_bug_20",),
    ),
    Mutation(
        "a response read again is another record (bug 21)",
        "connectors/typeform/responses.py",
        "        head = b'{\"form_id\":'",
        '        import time\n        head = b\'{"read_at":%d,"form_id":\' % time.monotonic_ns()',
        (f"{TYPEFORM}::test_nothing_new_is_written_when_a_night_is_read_again_bug_21",),
    ),
    Mutation(
        "the bound is the last night itself, with no overlap (bug 22)",
        "connectors/typeform/responses.py",
        "bound=min(mark.through, self._window.end) - self._options.overlap)",
        "bound=min(mark.through, self._window.end))",
        (f"{TYPEFORM}::test_an_unfinished_response_is_seen_to_finish_when_it_keeps_its_place_bug_22",),
    ),
    Mutation(
        "a short page ends a form (bug 28)",
        "connectors/typeform/responses.py",
        "(count < self._options.page_size and position.seen + count >= position.total)",
        "count < self._options.page_size",
        (f"{TYPEFORM}::test_a_short_page_is_not_taken_for_the_end_when_the_server_serves_fewer_than_asked_bug_28",),
    ),
    Mutation(
        "one mark for all forms (bug 29)",
        "connectors/typeform/responses.py",
        'state: State = msgspec.to_builtins({"watermark": self._marks,',
        'state: State = msgspec.to_builtins({"watermark": dict.fromkeys(self._forms.ids(), *self._marks.values())'
        " if self._marks else {},",
        (f"{TYPEFORM}::test_each_form_keeps_its_own_state_when_one_of_them_cannot_be_read_bug_29",),
    ),
)

GA4_MUTATIONS = (
    Mutation(
        "a pull by hand does not go back to its date (bug 26)",
        "connectors/ga4/days.py",
        "return Walk(as_of, start, min(start.astimezone(zone).date(), today))",
        "return Walk(as_of, start, today)",
        (f"{GA4}::test_days_that_a_lookback_missed_come_right_when_they_are_pulled_again_by_hand_bug_26",),
    ),
    Mutation(
        "the restated days are fixed (bug 26)",
        "connectors/ga4/days.py",
        "first = self._watermark - self._options.restatement",
        "first = self._watermark - timedelta(days=4)",
        (f"{GA4}::test_the_restated_days_are_a_setting_bug_26",),
    ),
    Mutation(
        "a short page ends a day (bug 28)",
        "connectors/ga4/days.py",
        "is_whole = reached >= page.row_count",
        "is_whole = len(page.rows) < self._options.page_size",
        (f"{GA4}::test_a_short_page_is_not_taken_for_the_end_when_the_server_serves_fewer_than_asked_bug_28",),
    ),
)

MATOMO_MUTATIONS = (
    Mutation(
        "the next page begins after the last visit's second (bug 11)",
        "connectors/matomo/visits.py",
        "after, offset = last.at - 1, sum(place.at == last.at for place in readable) - 1",
        "after, offset = last.at, 0",
        (f"{MATOMO}::test_ties_all_arrive_when_many_visits_share_one_second_bug_11",),
    ),
    Mutation(
        "visits are read newest first, which is the vendor's order (bug 27)",
        "connectors/matomo/client.py",
        'filter_sort_order="asc"',
        'filter_sort_order="desc"',
        (f"{MATOMO}::test_nothing_is_lost_or_deleted_when_visits_go_on_while_a_day_is_read_bug_27",),
    ),
    Mutation(
        "the report's number of visits is not heeded (bug 27)",
        "connectors/matomo/visits.py",
        "elif is_short and not walk.again:",
        "elif False:",
        (f"{MATOMO}::test_a_day_is_read_again_when_the_report_counts_more_visits_than_the_log_gave_bug_27",),
    ),
    Mutation(
        "what a short day lacks is taken for erased (bug 27)",
        "connectors/matomo/visits.py",
        "scope_complete=has_ended and not is_short,",
        "scope_complete=has_ended,",
        (f"{MATOMO}::test_nothing_is_taken_for_erased_when_the_log_falls_short_of_the_report_bug_27",),
    ),
    Mutation(
        "a short page ends a day of the log (bug 28)",
        "connectors/matomo/visits.py",
        "rows < self._options.page_size and reached.seen >= total",
        "rows < self._options.page_size",
        (f"{MATOMO}::test_a_short_page_is_not_taken_for_the_end_when_the_server_serves_fewer_than_asked_bug_28",),
    ),
)

LANDING_MUTATIONS = (
    Mutation(
        "a run that was overtaken writes on",
        PAGES,
        "if saved.rowcount != 1:",
        "if False:",
        (f"{LANDING}::test_a_run_that_lost_its_stream_cannot_write",),
    ),
    Mutation(
        "the cursor is committed before its page",
        PAGES,
        "        with self._connection.transaction():\n            with self._connection.pipeline():",
        "        if True:\n            with self._connection.pipeline():",
        (f"{LANDING}::test_the_page_and_its_cursor_are_both_rolled_back_when_the_page_fails",),
    ),
    Mutation(
        "a record is compared with its first version, not its latest",
        PAGES,
        "where stored.key = page.key order by sequence desc limit 1",
        "where stored.key = page.key order by sequence limit 1",
        (f"{LANDING}::test_every_distinct_version_is_kept_when_a_record_changes_and_changes_back",),
    ),
    Mutation(
        "bytes are compared with the first version's, not the latest's",
        PAGES,
        "where stored.key = wanted.key order by sequence desc limit 1",
        "where stored.key = wanted.key order by sequence limit 1",
        (f"{LANDING}::test_every_distinct_version_is_kept_when_a_record_changes_and_changes_back",),
    ),
    Mutation(
        "the return of an unchanged record is no version",
        PAGES,
        " or was_deleted <> is_deleted",
        "",
        (f"{LANDING}::test_a_record_comes_back_when_it_is_served_as_it_was_before_its_tombstone",),
    ),
    Mutation(
        "volatile fields make versions",
        PAGES,
        '{"volatile": list(self._stream.volatile)}',
        '{"volatile": []}',
        (f"{LANDING}::test_nothing_is_written_when_only_bytes_or_volatile_fields_differ",),
    ),
    Mutation(
        "keys unseen in a complete walk stay",
        PAGES,
        "        if page.scope_complete:",
        "        if False:",
        (f"{LANDING}::test_keys_unseen_in_a_complete_walk_become_tombstones",),
    ),
    Mutation(
        "a walk that is not complete deletes what it did not see",
        PAGES,
        "        if page.scope_complete:",
        "        if True:",
        (f"{LANDING}::test_an_incomplete_walk_deletes_nothing",),
    ),
    Mutation(
        "an unreadable record counts as nothing seen",
        PAGES,
        "{reject.key or UNKNOWN_KEY for reject in rejects}",
        "{reject.key for reject in rejects if reject.key}",
        (f"{LANDING}::test_a_walk_with_an_unreadable_record_deletes_nothing_and_says_so",),
    ),
    Mutation(
        "a record that Postgres refuses fails its page",
        PAGES,
        "counts, findings = self._land(prepared, bisect=True)",
        "raise",
        (f"{LANDING}::test_one_poisoned_record_goes_to_quarantine_and_its_neighbours_land",),
    ),
    Mutation(
        "what cannot be landed is counted and not kept",
        PAGES,
        "            self._quarantine(rejects)",
        "            pass",
        (
            f"{LANDING}::test_one_poisoned_record_goes_to_quarantine_and_its_neighbours_land",
            "tests/integration/test_fuzz.py::test_every_broken_record_lands_as_it_was_or_is_quarantined",
        ),
    ),
    Mutation(
        "a tombstone is written again each time",
        PAGES,
        "where not latest.is_deleted",
        "where true",
        (f"{LANDING}::test_a_tombstone_is_written_once_although_each_night_tells_of_it",),
    ),
    Mutation(
        "sequence numbers are handed out without the table's lock",
        PAGES,
        '"select pg_advisory_xact_lock(hashtextextended(%s, 0))"',
        '"select length(%s)"',
        (f"{LANDING}::test_sequence_order_is_commit_order_when_two_streams_of_a_table_write",),
    ),
    Mutation(
        "a run that broke off begins again instead of going on",
        "landing/ingest.py",
        "connector.read(stream, window, state)",
        "connector.read(stream, window, {})",
        (f"{LANDING}::test_a_run_that_broke_off_is_taken_up_at_its_page",),
    ),
    Mutation(
        "two runs of one stream at once",
        "landing/hold.py",
        "select pg_advisory_lock({_LOCK})",
        "select {_LOCK}",
        (f"{LANDING}::test_a_second_run_of_the_stream_waits_and_then_says_so",),
    ),
    Mutation(
        "a cursor is used for another account",
        "landing/hold.py",
        "if known != account:",
        "if False:",
        (f"{LANDING}::test_a_cursor_is_not_used_for_another_account",),
    ),
)

HTTP_MUTATIONS = (
    Mutation(
        "Retry-After is not heard",
        "connectors/http/client.py",
        "asked = error.retry_after if isinstance(error, RetryableError) else None",
        "asked = None",
        (f"{HTTP}::test_a_limited_request_waits_as_long_as_the_vendor_says",),
    ),
    Mutation(
        "a link to another host is followed with our credentials",
        "connectors/http/client.py",
        'if not url.startswith(self.base_url + "/"):',
        "if False:",
        (f"{HTTP}::test_a_link_to_another_host_is_not_followed",),
    ),
    Mutation(
        "a body that breaks off is not asked for again",
        "connectors/http/client.py",
        'raise RetryableError(f"{self.source} {path}: broken body: {error}") from error\n            if',
        'raise ContractError(f"{self.source} {path}: broken body: {error}") from error\n            if',
        (f"{ZENDESK_FAULTS}::test_a_truncated_body_is_asked_for_again",),
    ),
    Mutation(
        "one broken record costs the page",
        "connectors/http/envelope.py",
        "start, end, slices = _cut_array(body, records_field)",
        'raise TruncatedBodyError("broken") from None',
        (f"{ENVELOPE}::test_one_broken_record_costs_itself_only",),
    ),
    Mutation(
        "a record that the line may have broken is not asked for again",
        "connectors/http/client.py",
        "if sliced.malformed and answers == 1 < self._attempts:",
        "if False:",
        (f"{HTTP}::test_a_page_with_a_broken_record_is_asked_for_once_more",),
    ),
    Mutation(
        "a page whose brackets never match is asked for again for ever",
        "connectors/http/client.py",
        "if answers == self._attempts:",
        "if False:",
        (f"{HTTP}::test_a_page_whose_brackets_never_match_is_salvaged_and_not_asked_for_for_ever",),
    ),
    Mutation(
        "salvaging takes the first bracket for the end of the records",
        "connectors/http/envelope.py",
        "end, page = found[-1]",
        "end, page = found[0]",
        (f"{ENVELOPE}::test_no_record_is_left_out_when_a_broken_one_swallows_what_follows",),
    ),
    Mutation(
        "salvaging guesses where the records end",
        "connectors/http/envelope.py",
        "if not found or any(page != found[0][1] for _, page in found):",
        "if not found:",
        (f"{ENVELOPE}::test_a_page_is_not_salvaged_when_its_end_could_be_read_in_two_ways",),
    ),
)

MUTATIONS = (
    *HUBSPOT_MUTATIONS,
    *ZENDESK_MUTATIONS,
    *TYPEFORM_MUTATIONS,
    *GA4_MUTATIONS,
    *MATOMO_MUTATIONS,
    *LANDING_MUTATIONS,
    *HTTP_MUTATIONS,
    *IDENTITY_MUTATIONS,
    *PRIVACY_MUTATIONS,
)
