"""Mutations of what keeps erased people out, and of what finds them."""

from __future__ import annotations

from tests.mutants.mutation import Mutation

LANDING = "tests/integration/test_erased_landing.py"
PERSONS = "tests/unit/privacy/test_persons.py"
COMMAND = "tests/integration/test_erase_command.py"

PRIVACY_MUTATIONS = (
    Mutation(
        "a record about an erased person lands",
        "landing/erased.py",
        "if marked.about & hits:",
        "if False:",
        (f"{LANDING}::test_a_record_about_an_erased_person_is_dropped_and_counted",),
    ),
    Mutation(
        "others' records land with what they tell of an erased person",
        "landing/erased.py",
        "elif marked.every & hits:",
        "elif False:",
        (f"{LANDING}::test_what_others_records_tell_of_the_person_is_blanked_and_a_second_reading_changes_nothing",),
    ),
    Mutation(
        "a broken record that names an erased person goes to quarantine",
        "landing/erased.py",
        "if marked.every & hits:  # broken, so nothing can be cut out of it",
        "if False:",
        (f"{LANDING}::test_a_broken_record_that_names_the_person_does_not_even_reach_quarantine",),
    ),
    Mutation(
        "a page that was marked before the erasure is not looked at again",
        "landing/erased.py",
        "if marks is None:",
        "if False:",
        (f"{LANDING}::test_an_erasure_in_the_middle_of_a_run_holds_from_the_next_page_on",),
    ),
    Mutation(
        "another key is taken for the right one",
        "landing/erased.py",
        "if self._key is None or kept != {self._key.key_id}:",
        "if self._key is None:",
        (f"{LANDING}::test_without_the_right_key_nothing_lands",),
    ),
    Mutation(
        "an address is found within a longer one",
        "privacy/traces.py",
        r"""r"[a-z0-9-]|\.[a-z0-9]")""",
        r"""r"[a-z0-9-]")""",
        (f"{PERSONS}::test_traces_in_text",),
    ),
    Mutation(
        "an erasure that came after the backup is taken for known",
        "privacy/ledger.py",
        'if set(line["marks"]) <= held:',
        "if held is not None:",
        (f"{COMMAND}::test_the_list_beside_the_backups_names_nobody_and_is_done_again_once",),
    ),
)
