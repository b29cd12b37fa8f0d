-- A night that touches one person of a hundred, as build 2: all their records come again, three numbers of ten and one
-- address of ten are other ones, and one person in ten answers a survey once more.
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
    phone = case when abs(hashtext('number ' || identity.identity_key)) % 10 < 3 and phone is not null
                 then '+48' || 500000000 + abs(hashtext(identity.identity_key)) % 390000000 else phone end,
    email = case when abs(hashtext('address ' || identity.identity_key)) % 10 < 1
                     and kind in ('crm_contact', 'helpdesk_user')
                 then 'new.' || email else email end
from changed where changed.identity_key = identity.identity_key;

update candidate_intermediate.int_person__claims as claim
set build_number = 2,
    value = case claim.kind when 'phone' then identity.phone when 'email' then identity.email else claim.value end
from changed join candidate_intermediate.int_person__identities as identity using (identity_key)
where changed.identity_key = claim.identity_key;

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
