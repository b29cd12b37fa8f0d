-- A night that touches one person of a hundred, as build 2: all their records change (a survey answer more, another
-- number here, another address there), and one in ten of them comes with a record that nobody had before.
create temp table touched_person as
    select n from generate_series(7, {persons}, 100) as n;
create temp table changed as
    select identity_key from candidate_intermediate.int_person__identities
    where identity_key in (
        select 'hubspot:' || n from touched_person
        union all select 'zendesk:' || n from touched_person
        union all select 'zendesk:s' || n from touched_person
        union all select 'typeform:f:' || n || '-' || number from touched_person, generate_series(1, 3) as number
        union all select 'ga4:' || n from touched_person
        union all select 'matomo:' || md5('browser' || n) from touched_person
    );
create index on changed (identity_key);
analyze changed;

update candidate_intermediate.int_person__identities as identity
set build_number = 2,
    phone = case when right(phone, 1) in ('1', '4', '7')
                 then '+48' || 500000000 + abs(hashtext(identity.identity_key)) % 390000000 else phone end
from changed where changed.identity_key = identity.identity_key;

update candidate_intermediate.int_person__claims as claim
set build_number = 2,
    value = case claim.kind
                when 'phone' then (select phone from candidate_intermediate.int_person__identities as identity
                                   where identity.identity_key = claim.identity_key)
                when 'email' then case when right(split_part(claim.value, '@', 1), 2) in ('07', '57')
                                       then 'new.' || claim.value else claim.value end
                else claim.value end
from changed where changed.identity_key = claim.identity_key;

create temp table newcomer as
    select 'typeform:f:' || n || '-9' as identity_key, 'p' || n || '@mail.example' as email
    from touched_person where n % 1000 = 7;
insert into candidate_intermediate.int_person__identities (
    identity_key, source, identity_id, kind, is_deleted, created_at, email, is_agent, build_number)
select identity_key, 'typeform', substr(identity_key, 10), 'survey_respondent', false, timestamptz '2025-06-01Z', email, false, 2
from newcomer;
insert into candidate_intermediate.int_person__claims
select identity_key, 'record', 'email', email, 'survey_email', timestamptz '2025-06-01Z', 2 from newcomer;
analyze candidate_intermediate.int_person__identities;
analyze candidate_intermediate.int_person__claims;
