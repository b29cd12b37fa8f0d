"""The bugs that other connectors had, as data: which tests keep ours from having them, or why it cannot.

A number is that of a bug's entry here; test names may carry it (`…_bug_12`). A thread is where the bug was reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HUBSPOT = "tests/contract/test_hubspot.py"
HUBSPOT_BUGS = "tests/contract/test_known_bugs_hubspot.py"
ZENDESK = "tests/contract/test_zendesk.py"
ZENDESK_FAULTS = "tests/contract/test_zendesk_faults.py"
ZENDESK_BUGS = "tests/contract/test_known_bugs_zendesk.py"
ZENDESK_WALKS = "tests/unit/connectors/test_zendesk_walks.py"
TYPEFORM = "tests/contract/test_typeform.py"
TYPEFORM_BUGS = "tests/contract/test_known_bugs_typeform.py"
GA4 = "tests/contract/test_ga4.py"
MATOMO = "tests/contract/test_matomo.py"


@dataclass(frozen=True)
class KnownBug:
    """One bug. `vendors` are those that it can strike; `tests` and `cannot_apply` are by vendor.

    A bug of a vendor that is in the registry needs a test, or a reason why it cannot apply to our connector."""

    number: int
    symptom: str
    threads: tuple[str, ...]
    vendors: tuple[str, ...]
    tests: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cannot_apply: Mapping[str, str] = field(default_factory=dict)


EVERY_VENDOR = ("*",)  # stands for whatever is in the registry

KNOWN_BUGS = (
    KnownBug(
        1,
        "search answers 400 beyond 10,000 results",
        ("airbyte #10700",),
        ("hubspot",),
        {"hubspot": (f"{HUBSPOT}::test_everything_is_read_when_more_than_10000_records_share_one_time_of_change",)},
    ),
    KnownBug(
        2,
        "endless loop when more than 10,000 records share one time",
        ("airbyte #43317",),
        ("hubspot",),
        {"hubspot": (f"{HUBSPOT}::test_everything_is_read_when_more_than_10000_records_share_one_time_of_change",)},
    ),
    KnownBug(
        3,
        "records missing because the search index lags",
        ("airbyte #69203", "estuary #1861", "estuary #1871"),
        ("hubspot",),
        {"hubspot": (f"{HUBSPOT}::test_a_record_that_the_search_index_did_not_have_yet_is_read_the_next_night",)},
    ),
    KnownBug(
        4,
        "records newer than the bound move the checkpoint past it",
        ("estuary #2210",),
        ("hubspot",),
        {"hubspot": (f"{HUBSPOT}::test_a_record_newer_than_the_window_is_left_to_the_next_night",)},
    ),
    KnownBug(
        5,
        "archived records are never seen",
        ("airbyte #35017",),
        ("hubspot",),
        {"hubspot": (f"{HUBSPOT}::test_an_archived_record_is_a_deleted_version",)},
    ),
    KnownBug(
        6,
        "links between records are missing or stale, since linking moves no time of change",
        ("airbyte #14390", "airbyte #27199", "airbyte #44554"),
        ("hubspot",),
        {"hubspot": (f"{HUBSPOT}::test_a_link_is_seen_and_its_removal_too_when_the_contact_does_not_change",)},
    ),
    KnownBug(
        7,
        "merged-away contacts linger",
        ("airbyte #27091",),
        ("hubspot",),
        {"hubspot": (f"{HUBSPOT}::test_a_merged_contact_is_deleted_and_its_links_are_the_winners",)},
    ),
    KnownBug(
        8,
        "an endpoint's cap is taken for the end",
        ("airbyte #23630", "airbyte #26365"),
        ("hubspot",),
        {"hubspot": (f"{HUBSPOT}::test_a_list_or_search_that_ends_far_too_early_is_not_taken_for_the_end",)},
    ),
    KnownBug(
        9,
        "updates made during a long sync are lost",
        ("tap-hubspot #98", "tap-hubspot #226"),
        ("hubspot", "zendesk"),
        {
            "hubspot": (f"{HUBSPOT}::test_what_changes_while_the_first_list_is_read_is_read_by_the_next_walk",),
            "zendesk": (
                f"{ZENDESK_FAULTS}::test_a_far_future_date_does_not_bend_the_watermark_bug_9",
                f"{ZENDESK_FAULTS}::test_a_far_future_end_time_does_not_bend_the_watermark_bug_9",
                f"{ZENDESK_WALKS}::test_a_lists_watermark_is_when_its_walk_began_and_never_moves_back",
            ),
        },
    ),
    KnownBug(
        10,
        "gaps when start_time is the time of asking",
        ("airbyte #28173",),
        ("zendesk",),
        {"zendesk": (f"{ZENDESK}::test_the_cursor_is_carried_over_and_start_time_is_sent_once_bug_10",)},
    ),
    KnownBug(
        11,
        "records of the bound's own second are dropped",
        ("estuary #5205",),
        EVERY_VENDOR,
        {
            "hubspot": (f"{HUBSPOT}::test_records_of_the_very_moment_at_which_the_search_begins_are_read",),
            "zendesk": (
                f"{ZENDESK}::test_ties_at_a_page_edge_all_arrive_when_many_rows_share_one_second_bug_11",
                f"{ZENDESK_BUGS}::test_a_row_of_the_watermarks_own_second_is_read_the_next_night_bug_11",
            ),
            "typeform": (
                f"{TYPEFORM_BUGS}::test_responses_of_the_bounds_own_second_all_arrive_when_they_fill_pages_bug_11",
            ),
            "matomo": (f"{MATOMO}::test_ties_all_arrive_when_many_visits_share_one_second_bug_11",),
        },
        {"ga4": "a day is read whole: there is no bound within it"},
    ),
    KnownBug(
        12,
        "an export pinned by a bulk update goes round for ever or ends too early",
        ("PostHog #59215",),
        ("zendesk",),
        {
            "zendesk": (
                f"{ZENDESK_FAULTS}::test_a_cursor_that_does_not_move_is_an_error_and_not_an_end_bug_12",
                f"{ZENDESK_FAULTS}::test_an_end_time_that_does_not_move_is_an_error_bug_12",
            )
        },
    ),
    KnownBug(
        13,
        "stale tickets: changes by the system leave updated_at alone",
        ("airbyte #81640",),
        ("zendesk",),
        {
            "zendesk": (
                f"{ZENDESK}::test_a_system_change_that_leaves_updated_at_alone_arrives_bug_13",
                f"{ZENDESK_BUGS}::test_a_ticket_is_dated_by_generated_timestamp_bug_13",
            )
        },
    ),
    KnownBug(
        14,
        "archived tickets are missing",
        ("airbyte #10613", "tap-zendesk #14"),
        ("zendesk",),
        {"zendesk": (f"{ZENDESK}::test_archived_tickets_arrive_although_the_lists_leave_them_out_bug_14",)},
    ),
    KnownBug(
        15,
        "page numbers end at 10,000 records",
        ("airbyte #16163",),
        ("zendesk",),
        {
            "zendesk": (
                f"{ZENDESK}::test_only_the_incremental_exports_and_cursor_lists_are_asked_bugs_14_15_16",
                f"{ZENDESK_BUGS}::test_a_list_of_more_than_10000_rows_arrives_whole_bug_15",
            )
        },
    ),
    KnownBug(
        16,
        "metrics of old tickets are stale, since /ticket_metrics is ordered by creation",
        ("estuary #1895",),
        ("zendesk",),
        {"zendesk": (f"{ZENDESK}::test_only_the_incremental_exports_and_cursor_lists_are_asked_bugs_14_15_16",)},
    ),
    KnownBug(
        17,
        "the comments of a deleted ticket answer 404 and kill the run",
        ("zenpy #259",),
        ("zendesk",),
        {"zendesk": (f"{ZENDESK}::test_a_deleted_tickets_comments_stay_and_nobody_asks_for_them_one_by_one_bug_17",)},
    ),
    KnownBug(
        18,
        "pages are lost when the token does not match the order",
        ("airbyte #40176",),
        ("typeform",),
        {"typeform": (f"{TYPEFORM}::test_no_page_is_lost_when_a_form_has_many_pages_bug_18",)},
    ),
    KnownBug(
        19,
        "one form's token leaks into the next",
        ("PostHog #52890",),
        ("typeform",),
        {"typeform": (f"{TYPEFORM}::test_the_token_starts_afresh_when_the_next_form_begins_bug_19",)},
    ),
    KnownBug(
        20,
        "newest first is taken for oldest first, and the watermark jumps",
        ("PostHog #63236",),
        ("typeform",),
        {
            "typeform": (
                f"{TYPEFORM}::test_the_same_token_on_two_forms_is_two_responses_bug_20",
                f"{TYPEFORM}::test_the_watermark_moves_only_after_a_forms_whole_walk_bug_20",
                f"{TYPEFORM}::test_a_night_reads_no_further_than_the_overlap_when_the_form_is_large_bug_20",
            )
        },
    ),
    KnownBug(
        21,
        "the last response comes again with every sync",
        ("airbyte #57553",),
        ("typeform",),
        {"typeform": (f"{TYPEFORM}::test_nothing_new_is_written_when_a_night_is_read_again_bug_21",)},
    ),
    KnownBug(
        22,
        "partial responses stay as they were first seen",
        ("Nango #595",),
        ("typeform",),
        {"typeform": (f"{TYPEFORM}::test_an_unfinished_response_is_seen_to_finish_when_it_keeps_its_place_bug_22",)},
    ),
    KnownBug(
        23,
        "only 30 days, 300 pages, and ties skipped",
        ("airbyte #6133", "airbyte #3858", "airbyte #4002"),
        ("freshdesk",),
    ),
    KnownBug(24, "a hole of one second between slices", ("airbyte #75462",), ("intercom",)),
    KnownBug(
        25,
        "rows below the saved maximum appear later; equal times are lost",
        ("airbyte #27146", "airbyte #17615", "supaglue #532"),
        ("salesforce",),
    ),
    KnownBug(
        26,
        "values that the vendor revises later stay wrong for ever",
        ("airbyte #67562", "estuary #2516"),
        ("ga4",),
        {
            "ga4": (
                f"{GA4}::test_days_that_a_lookback_missed_come_right_when_they_are_pulled_again_by_hand_bug_26",
                f"{GA4}::test_the_restated_days_are_a_setting_bug_26",
            )
        },
    ),
    KnownBug(
        27,
        "offsets shift under live traffic; a period's end date is wrong",
        ("matomo #16394", "matomo #23342", "PostHog #104167"),
        ("matomo",),
        {
            "matomo": (
                f"{MATOMO}::test_nothing_is_lost_or_deleted_when_visits_go_on_while_a_day_is_read_bug_27",
                f"{MATOMO}::test_a_day_is_read_again_when_the_report_counts_more_visits_than_the_log_gave_bug_27",
                f"{MATOMO}::test_nothing_is_taken_for_erased_when_the_log_falls_short_of_the_report_bug_27",
            )
        },
    ),
    KnownBug(
        28,
        "a page shorter than asked for is taken for the end",
        ("airbyte #86492", "ingestr #1113"),
        EVERY_VENDOR,
        {
            "hubspot": (f"{HUBSPOT_BUGS}::test_a_short_page_is_not_taken_for_the_end_bug_28",),
            "zendesk": (
                f"{ZENDESK}::test_a_short_page_does_not_end_the_walk_bug_28",
                f"{ZENDESK_WALKS}::test_a_short_page_of_a_list_does_not_end_it_bug_28",
            ),
            "typeform": (
                f"{TYPEFORM}::test_a_short_page_is_not_taken_for_the_end_when_the_server_serves_fewer_than_asked_bug_28",
            ),
            "ga4": (
                f"{GA4}::test_a_short_page_is_not_taken_for_the_end_when_the_server_serves_fewer_than_asked_bug_28",
            ),
            "matomo": (
                f"{MATOMO}::test_a_short_page_is_not_taken_for_the_end_when_the_server_serves_fewer_than_asked_bug_28",
            ),
        },
    ),
    KnownBug(
        29,
        "one state is shared by all parents",
        ("airbyte #14998",),
        EVERY_VENDOR,
        {"typeform": (f"{TYPEFORM}::test_each_form_keeps_its_own_state_when_one_of_them_cannot_be_read_bug_29",)},
        {
            "hubspot": "no stream is read by parents: each has one state, in a row of its own",
            "zendesk": "no stream is read by parents: each has one state, in a row of its own",
            "ga4": "no stream is read by parents: each has one state, in a row of its own",
            "matomo": "no stream is read by parents: each has one state, in a row of its own",
        },
    ),
)
