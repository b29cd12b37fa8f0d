"""Mutations of names and of probable pairs."""

from __future__ import annotations

from tests.mutants.mutation import Mutation

NAMES = "tests/unit/identity/test_names.py"
PROBABLE = "tests/unit/identity/test_probable.py"
STATE = "tests/integration/test_identity_state.py"

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
        "and one.person_number in ({thin})",
        "",
        (f"{PROBABLE}::test_only_pairs_with_a_thin_side_are_scored",),
    ),
    Mutation(
        "names are counted in the data at hand",
        "identity/scoring.py",
        "coalesce(frequency, {known.fallback!r}) ",
        "1.0 / (select count(*) from {table}) ",
        (
            f"{PROBABLE}::test_a_pair_scores_alone_as_it_does_in_a_crowd",
            f"{PROBABLE}::test_a_part_gives_what_the_whole_gives_when_it_holds_whoever_shares_a_key",
        ),
    ),
    Mutation(
        "the tables of weighing stay",
        "identity/scoring.py",
        'undo.callback(connection.execute, f"drop table if exists {made}")',
        "pass",
        (f"{PROBABLE}::test_nothing_stays_behind",),
    ),
    Mutation(
        "of a night's pairs, those of the neighbours are looked for too",
        "identity/probable.py",
        " if chosen else ",
        " if False else ",
        (f"{PROBABLE}::test_only_pairs_with_a_side_among_the_given_are_scored",),
    ),
    Mutation(
        "a print forgets where somebody lives",
        "identity/blocking.py",
        "street_words, street_numbers, city, postal_code, birth_date, external_id,\n",
        "street_words, street_numbers, postal_code, birth_date, external_id,\n",
        (f"{PROBABLE}::test_a_print_is_another_when_anything_that_is_compared_is",),
    ),
    Mutation(
        "pairs that contradict each other bear on nobody",
        "identity/outcome.py",
        " union all from cut_pair",
        "",
        (
            "tests/unit/identity/test_resolve.py::test_probable_pairs_that_contradict_each_other_link_nobody",
            f"{STATE}::test_nights_one_by_one_find_what_everybody_at_once_finds",
        ),
    ),
    Mutation(
        "an identifier that a new claim makes one too many links on",
        "identity/state.py",
        "except (select kind, value from crowded_before intersect select kind, value from {crowded})",
        "except select kind, value from {crowded}",
        (f"{STATE}::test_nights_one_by_one_find_what_everybody_at_once_finds",),
    ),
    Mutation(
        "only who is thin makes a pair with somebody thin",
        "identity/pairing.py",
        "where (near.any_thin or member.is_thin)",
        "where member.is_thin",
        (f"{STATE}::test_who_is_new_and_thin_is_compared_with_those_who_are_not",),
    ),
    Mutation(
        "a given name alone is a block",
        "identity/blocking.py",
        "case when full_name is not null then 'name '",
        "case when true then 'name '",
        (f"{PROBABLE}::test_block_keys_come_from_one_record_alone",),
    ),
)
