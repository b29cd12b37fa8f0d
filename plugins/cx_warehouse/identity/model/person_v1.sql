with __splink__df_comparison_vectors as (
    select
    "identity_key_l",
    "identity_key_r",
    CASE
        WHEN (given_l is null and family_l is null) or (given_r is null and family_r is null) THEN -1
        WHEN given_l = given_r and family_l = family_r THEN 11
        WHEN given_l = family_r and family_l = given_r THEN 10
        WHEN (least(length(given_l), length(given_r)) = 1 and left(given_l, 1) = left(given_r, 1)) and family_l = family_r THEN 9
        WHEN (jaro_winkler_similarity(given_l, given_r) >= 0.9 or given_sound_l = given_sound_r) and family_l = family_r THEN 8
        WHEN given_l = given_r and (jaro_winkler_similarity(family_l, family_r) >= 0.9 or family_sound_l = family_sound_r or case when contains(family_l, ' ') or contains(family_r, ' ') then len(list_intersect(string_split(family_l, ' '), string_split(family_r, ' '))) > 0 end) THEN 7
        WHEN ((jaro_winkler_similarity(given_l, given_r) >= 0.9 or given_sound_l = given_sound_r) and (jaro_winkler_similarity(family_l, family_r) >= 0.9 or family_sound_l = family_sound_r or case when contains(family_l, ' ') or contains(family_r, ' ') then len(list_intersect(string_split(family_l, ' '), string_split(family_r, ' '))) > 0 end)) or (jaro_winkler_similarity(given_l, family_r) >= 0.9 and jaro_winkler_similarity(family_l, given_r) >= 0.9) THEN 6
        WHEN family_l = family_r and (given_l is null or given_r is null) THEN 5
        WHEN given_l = given_r and (family_l is null or family_r is null) THEN 4
        WHEN given_l is null or given_r is null or family_l is null or family_r is null THEN 3
        WHEN given_l = given_r THEN 2
        WHEN family_l = family_r or (jaro_winkler_similarity(family_l, family_r) >= 0.9 or family_sound_l = family_sound_r or case when contains(family_l, ' ') or contains(family_r, ' ') then len(list_intersect(string_split(family_l, ' '), string_split(family_r, ' '))) > 0 end) THEN 1
        ELSE 0
    END as gamma_name,
    "tf_full_name_l",
    "tf_full_name_r",
    "tf_family_l",
    "tf_family_r",
    "tf_given_l",
    "tf_given_r",
    CASE
        WHEN email_l is null or email_r is null THEN -1
        WHEN email_l = email_r and is_shared_mailbox_l THEN 5
        WHEN email_l = email_r THEN 4
        WHEN email_local_l = email_local_r and length(email_local_l) > 5 THEN 3
        WHEN case when abs(length(email_l) - length(email_r)) > 1 then false when levenshtein(email_l, email_r) > 2 then false else damerau_levenshtein(email_l, email_r) = 1 end THEN 2
        WHEN jaro_winkler_similarity(email_local_l, email_local_r) >= 0.92 THEN 1
        ELSE 0
    END as gamma_email,
    CASE
        WHEN phone_l is null or phone_r is null THEN -1
        WHEN phone_l = phone_r THEN 2
        WHEN case when abs(length(phone_l) - length(phone_r)) > 1 then false when levenshtein(phone_l, phone_r) > 2 then false else damerau_levenshtein(phone_l, phone_r) = 1 end THEN 1
        ELSE 0
    END as gamma_phone,
    CASE
        WHEN coalesce(street_words_l, postal_code_l, city_l) is null or coalesce(street_words_r, postal_code_r, city_r) is null or (coalesce(street_words_l, street_words_r) is not null and (street_words_l is null or street_words_r is null) and ((postal_code_l is null or postal_code_r is null) and (city_l is null or city_r is null))) THEN -1
        WHEN street_words_l = street_words_r and street_numbers_l = street_numbers_r and (postal_code_l = postal_code_r or city_l = city_r) THEN 6
        WHEN street_words_l = street_words_r and street_numbers_l = street_numbers_r THEN 5
        WHEN ((street_numbers_l = street_numbers_r and jaro_winkler_similarity(street_words_l, street_words_r) >= 0.88) or (street_words_l = street_words_r and damerau_levenshtein(street_numbers_l, street_numbers_r) = 1)) and (postal_code_l = postal_code_r or city_l = city_r) THEN 4
        WHEN postal_code_l = postal_code_r and (street_words_l is null or street_words_r is null) THEN 3
        WHEN postal_code_l = postal_code_r THEN 2
        WHEN city_l = city_r or jaro_winkler_similarity(city_l, city_r) >= 0.92 THEN 1
        ELSE 0
    END as gamma_home,
    CASE
        WHEN birth_date_l is null or birth_date_r is null THEN -1
        WHEN birth_date_l = birth_date_r THEN 3
        WHEN (
            birth_date_l = birth_date_r
            or (left(birth_date_l, 4) = left(birth_date_r, 4)
                and (substr(birth_date_l, 6, 2) || substr(birth_date_l, 9, 2)
                        = substr(birth_date_r, 9, 2) || substr(birth_date_r, 6, 2)
                    or damerau_levenshtein(substr(birth_date_l, 6), substr(birth_date_r, 6)) <= 1))
            or (substr(birth_date_l, 6) = substr(birth_date_r, 6) and left(birth_date_l, 3) = left(birth_date_r, 3))) THEN 2
        WHEN left(birth_date_l, 4) = left(birth_date_r, 4) THEN 1
        ELSE 0
    END as gamma_birth,
    CASE
        WHEN external_id_l is null or external_id_r is null THEN -1
        WHEN external_id_l = external_id_r THEN 2
        WHEN case when abs(length(external_id_l) - length(external_id_r)) > 1 then false when levenshtein(external_id_l, external_id_r) > 2 then false else damerau_levenshtein(external_id_l, external_id_r) = 1 end THEN 1
        ELSE 0
    END as gamma_number,
    match_key
    from blocked_with_cols
),

__splink__df_match_weight_parts as (
    select
    "identity_key_l",
    "identity_key_r",
    gamma_name,
    CASE
        WHEN gamma_name = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_name = 11 THEN
            cast(15.967042673869836 as float8)
        WHEN gamma_name = 10 THEN
            cast(17.212727853641592 as float8)
        WHEN gamma_name = 9 THEN
            cast(13.922907789889981 as float8)
        WHEN gamma_name = 8 THEN
            cast(13.99580676302071 as float8)
        WHEN gamma_name = 7 THEN
            cast(14.24734021388263 as float8)
        WHEN gamma_name = 6 THEN
            cast(11.672146986070503 as float8)
        WHEN gamma_name = 5 THEN
            cast(10.216718189131413 as float8)
        WHEN gamma_name = 4 THEN
            cast(8.620853354848718 as float8)
        WHEN gamma_name = 3 THEN
            cast(-1.9884322813491448 as float8)
        WHEN gamma_name = 2 THEN
            cast(2.6701710026163767 as float8)
        WHEN gamma_name = 1 THEN
            cast(3.4516365387520893 as float8)
        WHEN gamma_name = 0 THEN
            cast(-5.969315095856854 as float8)
    END as mw_name,
    CASE
        WHEN gamma_name = -1 THEN cast(0 as float8)
        WHEN gamma_name = 11 THEN
            CASE
                WHEN coalesce("tf_full_name_l", "tf_full_name_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-17.003962200396256 as float8) - log2(greatest(coalesce("tf_full_name_l", "tf_full_name_r"), coalesce("tf_full_name_r", "tf_full_name_l"), cast(1e-07 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_name = 10 THEN cast(0 as float8)
        WHEN gamma_name = 9 THEN
            CASE
                WHEN coalesce("tf_family_l", "tf_family_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-18.799143077744283 as float8) - log2(greatest(coalesce("tf_family_l", "tf_family_r"), coalesce("tf_family_r", "tf_family_l"), cast(0.0001 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_name = 8 THEN
            CASE
                WHEN coalesce("tf_family_l", "tf_family_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-18.13171866056552 as float8) - log2(greatest(coalesce("tf_family_l", "tf_family_r"), coalesce("tf_family_r", "tf_family_l"), cast(0.0001 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_name = 7 THEN
            CASE
                WHEN coalesce("tf_given_l", "tf_given_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-18.63868083006842 as float8) - log2(greatest(coalesce("tf_given_l", "tf_given_r"), coalesce("tf_given_r", "tf_given_l"), cast(0.0001 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_name = 6 THEN cast(0 as float8)
        WHEN gamma_name = 5 THEN
            CASE
                WHEN coalesce("tf_family_l", "tf_family_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-13.796493438955773 as float8) - log2(greatest(coalesce("tf_family_l", "tf_family_r"), coalesce("tf_family_r", "tf_family_l"), cast(0.0001 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_name = 4 THEN
            CASE
                WHEN coalesce("tf_given_l", "tf_given_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-11.58567991779357 as float8) - log2(greatest(coalesce("tf_given_l", "tf_given_r"), coalesce("tf_given_r", "tf_given_l"), cast(0.0001 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_name = 3 THEN cast(0 as float8)
        WHEN gamma_name = 2 THEN
            CASE
                WHEN coalesce("tf_given_l", "tf_given_r") is not null THEN
                    cast(1.0 as float8) * (
                        cast(-9.41683479290025 as float8) - log2(greatest(coalesce("tf_given_l", "tf_given_r"), coalesce("tf_given_r", "tf_given_l"), cast(0.0001 as float8)))
                    )
                ELSE cast(0 as float8)
            END
        WHEN gamma_name = 1 THEN cast(0 as float8)
        WHEN gamma_name = 0 THEN cast(0 as float8)
    END as mw_tf_adj_name,
    gamma_email,
    CASE
        WHEN gamma_email = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_email = 5 THEN
            cast(12.218647699651042 as float8)
        WHEN gamma_email = 4 THEN
            cast(19.141970826990942 as float8)
        WHEN gamma_email = 3 THEN
            cast(9.309655338040885 as float8)
        WHEN gamma_email = 2 THEN
            cast(11.687433848038921 as float8)
        WHEN gamma_email = 1 THEN
            cast(6.126728751759838 as float8)
        WHEN gamma_email = 0 THEN
            cast(-2.776901283805926 as float8)
    END as mw_email,
    gamma_phone,
    CASE
        WHEN gamma_phone = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_phone = 2 THEN
            cast(17.543561623266843 as float8)
        WHEN gamma_phone = 1 THEN
            cast(15.359087264406988 as float8)
        WHEN gamma_phone = 0 THEN
            cast(-2.774973135292915 as float8)
    END as mw_phone,
    gamma_home,
    CASE
        WHEN gamma_home = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_home = 6 THEN
            cast(15.871950252842426 as float8)
        WHEN gamma_home = 5 THEN
            cast(15.34544311758258 as float8)
        WHEN gamma_home = 4 THEN
            cast(15.34482500217628 as float8)
        WHEN gamma_home = 3 THEN
            cast(12.170400109759184 as float8)
        WHEN gamma_home = 2 THEN
            cast(2.0414631578554094 as float8)
        WHEN gamma_home = 1 THEN
            cast(6.324189683904296 as float8)
        WHEN gamma_home = 0 THEN
            cast(-2.237116527261629 as float8)
    END as mw_home,
    gamma_birth,
    CASE
        WHEN gamma_birth = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_birth = 3 THEN
            cast(14.656969317017186 as float8)
        WHEN gamma_birth = 2 THEN
            cast(5.454187715146567 as float8)
        WHEN gamma_birth = 1 THEN
            cast(-6.516141445638116 as float8)
        WHEN gamma_birth = 0 THEN
            cast(-5.250104074568915 as float8)
    END as mw_birth,
    gamma_number,
    CASE
        WHEN gamma_number = -1 THEN
            cast(0.0 as float8)
        WHEN gamma_number = 2 THEN
            cast(19.364215420279944 as float8)
        WHEN gamma_number = 1 THEN
            cast(10.684092803312263 as float8)
        WHEN gamma_number = 0 THEN
            cast(-4.4895519223517075 as float8)
    END as mw_number,
    match_key
    from __splink__df_comparison_vectors
)
select
cast(-19.931567126628412 as float8) + mw_name + mw_tf_adj_name + mw_email + mw_phone + mw_home + mw_birth + mw_number as match_weight,
CASE
        WHEN (cast(-19.931567126628412 as float8) + mw_name + mw_tf_adj_name + mw_email + mw_phone + mw_home + mw_birth + mw_number) >= 0 THEN
            1.0 / (1.0 + POWER(cast(2 as float8), -(cast(-19.931567126628412 as float8) + mw_name + mw_tf_adj_name + mw_email + mw_phone + mw_home + mw_birth + mw_number)))
        ELSE
            POWER(cast(2 as float8), (cast(-19.931567126628412 as float8) + mw_name + mw_tf_adj_name + mw_email + mw_phone + mw_home + mw_birth + mw_number)) /
            (1.0 + POWER(cast(2 as float8), (cast(-19.931567126628412 as float8) + mw_name + mw_tf_adj_name + mw_email + mw_phone + mw_home + mw_birth + mw_number)))
    END as match_probability,
"identity_key_l",
"identity_key_r",
match_key
from __splink__df_match_weight_parts
