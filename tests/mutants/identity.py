"""Mutations of names and of probable pairs."""

from __future__ import annotations

from tests.mutants.mutation import Mutation

NAMES = "tests/unit/identity/test_names.py"
PROBABLE = "tests/unit/identity/test_probable.py"

IDENTITY_MUTATIONS = (
    Mutation(
        "the left name alone decides whether a given name is known",
        "identity/names.py",
        "any(map(is_given_name, (left.given, right.given)))",
        "is_given_name(left.given)",
        (f"{NAMES}::test_agreement_is_symmetrical",),
    ),
    Mutation(
        "names in each other's place are looked at from one side",
        "identity/names.py",
        "if self._agree_swapped(left, right, loose) or self._agree_swapped(right, left, loose):",
        "if self._agree_swapped(left, right, loose):",
        (f"{NAMES}::test_agreement_is_symmetrical",),
    ),
    Mutation(
        "consonants that are nearly the same make one given name",
        "identity/names.py",
        "least=4",
        "least=3",
        (f"{NAMES}::test_full_names_stand_to_each_other_as_their_bearers_do",),
    ),
    Mutation(
        "names that are different may be accepted",
        "identity/probable.py",
        ">= if(has_strong_evidence, 1, 2)",
        ">= -1",
        (f"{PROBABLE}::test_names_that_are_different_are_accepted_only_under_one_customer_number_and_birth_date",),
    ),
    Mutation(
        "an initial is as good as a name",
        "identity/probable.py",
        "if(has_strong_evidence, 1, 2)",
        "1",
        (
            f"{PROBABLE}::test_a_household_that_shares_everything_is_never_accepted",
            f"{PROBABLE}::test_twins_are_never_accepted_when_a_given_name_is_missing",
        ),
    ),
    Mutation(
        "a weight is enough",
        "identity/probable.py",
        "when match_weight < {accept} or not has_evidence then",
        "when match_weight < {accept} then",
        (
            f"{PROBABLE}::test_same_name_and_address_alone_are_not_enough",
            f"{PROBABLE}::test_father_and_son_of_one_name_in_one_home_are_two_people",
        ),
    ),
    Mutation(
        "two birth dates do not matter",
        "identity/probable.py",
        "{evidence} and not {two_birth_dates} as has_evidence",
        "{evidence} as has_evidence",
        (f"{PROBABLE}::test_father_and_son_of_one_name_in_one_home_are_two_people",),
    ),
    Mutation(
        "a son born in another decade made a slip in his birth date",
        "identity/probable.py",
        " and left(birth_date_l, 3) = left(birth_date_r, 3)",
        "",
        (f"{PROBABLE}::test_father_and_son_of_one_name_in_one_home_are_two_people",),
    ),
    Mutation(
        "nearly one birth date is evidence anywhere",
        "identity/probable.py",
        " or ({_BIRTH_ALIKE} and {_SAME_HOME}))",
        " or {_BIRTH_ALIKE})",
        (f"{PROBABLE}::test_a_namesake_born_a_day_apart_in_another_town_is_another",),
    ),
    Mutation(
        "a mailbox of several people is evidence",
        "identity/probable.py",
        "email_l = email_r and not is_shared_mailbox_l",
        "email_l = email_r",
        (f"{PROBABLE}::test_a_shared_mailbox_is_no_evidence",),
    ),
    Mutation(
        "no cap on a block",
        "identity/probable.py",
        "having count(*) > {cap}",
        "having count(*) > 1000000 + {cap}",
        (f"{PROBABLE}::test_a_key_that_too_many_share_compares_nobody",),
    ),
    Mutation(
        "pairs without a thin side are scored",
        "identity/probable.py",
        "and one.identity_key in (select cast(identity_key as varchar) from {thin})",
        "",
        (f"{PROBABLE}::test_only_pairs_with_a_thin_side_are_scored",),
    ),
    Mutation(
        "names are counted in the data at hand",
        "identity/scoring.py",
        "linker.table_management.register_term_frequency_lookup(api.register(lookup), column)",
        "pass",
        (
            f"{PROBABLE}::test_a_pair_scores_alone_as_it_does_in_a_crowd",
            f"{PROBABLE}::test_a_part_gives_what_the_whole_gives_when_it_holds_whoever_shares_a_key",
        ),
    ),
    Mutation(
        "Splink tells each step",
        "identity/scoring.py",
        "logger.setLevel(logging.WARNING)",
        "pass",
        (f"{PROBABLE}::test_nothing_stays_behind",),
    ),
    Mutation(
        "Splink's tables stay",
        "identity/scoring.py",
        "undo.callback(api.delete_tables_created_by_splink_from_db)",
        "pass",
        (f"{PROBABLE}::test_nothing_stays_behind",),
    ),
    Mutation(
        "a given name alone is a block",
        "identity/blocking.py",
        "case when full_name is not null then 'name '",
        "case when true then 'name '",
        (f"{PROBABLE}::test_block_keys_come_from_one_record_alone",),
    ),
)
