-- A made population of {persons} persons as dbt would have conformed it: some ten records to four persons, in the shares
-- of a shop with a CRM, a helpdesk, surveys and a website. Everything is drawn from hashes, so it is the same each time.
create or replace function pg_temp.draw(seed text, n bigint) returns double precision language sql immutable as
    $$select (hashtextextended(seed || n, 0) >> 11 & 9007199254740991) / 9007199254740992.0::double precision$$;

create temp table given as
    select row_number() over () - 1 as i, name from string_to_table(
    'Anna Piotr Katarzyna Tomasz Agnieszka Michal Olivia James Amelia Noah Grace Liam Sophie Oscar Lena Jonas Miriam '
    'Felix Annika Stefan Elena Dmitry Olga Sergey Maria Aleksey Zahra Ali Maryam Reza Narges Hossein Barbara Krzysztof '
    'Ewa Andrzej Joanna Pawel Magdalena Marcin Emma Harry Lucy George Julia Paul Clara Max Irina Pavel Natalia Ivan '
    'Fatemeh Mehdi Sara Amir', ' ') as name;
create temp table family as
    select row_number() over () - 1 as i, name from string_to_table(
    'Nowak Kowalski Wisniewski Wojcik Kaminski Lewandowski Zielinski Szymanski Smith Taylor Evans Walker Hughes Clarke '
    'Murphy Bennett Mueller Schmidt Weber Schaefer Koch Richter Wolf Gross Ivanov Smirnov Kuznetsov Popov Sokolov '
    'Lebedev Ahmadi Mohammadi Karimi Rezaei Jafari Mousavi Dabrowski Kozlowski Jankowski Mazur', ' ') as name;

create temp table street as
    select row_number() over () - 1 as i, name from string_to_table(
    'Polna Leśna Słoneczna Krótka Szkolna Ogrodowa Lipowa Łąkowa Brzozowa Kwiatowa Kościelna Sosnowa Zielona Parkowa '
    'Akacjowa Kolejowa Długa Nowa Dębowa Wiśniowa', ' ') as name;

-- Of 22,000 postal codes each is as common, of 20,000 street names the n-th has a share of 1/n, and small house numbers
-- are more common than large ones; half of the homes are flats. One person in twenty shares home, family name and
-- number with the next one.
create temp table person as
with resident as (
    select n, case when pg_temp.draw('household', n / 2) < 0.05 then n / 2 * 2 else n end as home
    from generate_series(1, {persons}) as n
),

housed as (
    select
        n,
        home,
        floor(pg_temp.draw('postal code', home) * 22000)::int as area,
        floor(exp(pg_temp.draw('street', home) * ln(20000)))::int - 1 as street,
        1 + floor(pg_temp.draw('house', home) ^ 2 * 150)::int as house,
        case when pg_temp.draw('flat', home) < 0.5 then 1 + floor(pg_temp.draw('flat number', home) * 40)::int end as flat
    from resident
)

select
    n,
    given.name as given_name,
    family.name || case when pg_temp.draw('rare', home) < 0.85 then chr(97 + (home / 7 % 26)::int) || chr(97 + (home / 181 % 26)::int) else '' end
        as family_name,
    'p' || n || '@' || (array['mail.example', 'poczta.example', 'outlook.example', 'firm.example'])[1 + n % 4] as email,
    'q' || n || '@' || (array['mail.example', 'poczta.example', 'outlook.example', 'firm.example'])[1 + n % 4] as other_email,
    '+48' || (500000000 + home * 37 % 390000000) as phone,
    'ul. ' || street.name || case when housed.street >= 20
        then chr(97 + housed.street / 20 % 26) || chr(97 + housed.street / 520 % 26) else '' end
        || ' ' || house || coalesce('/' || flat, '') as address,
    lpad((area / 220)::text, 2, '0') || '-' || lpad((area % 220)::text, 3, '0') as postal_code,
    'Miasto ' || area / 20 as city,
    pg_temp.draw('contact', n) < 0.8 as has_contact,
    pg_temp.draw('user', n) < 0.5 as has_user,
    pg_temp.draw('second user', n) < 0.05 as has_second_user,
    pg_temp.draw('phone', n) < 0.55 as has_phone,
    pg_temp.draw('home', n) < 0.6 as has_home,
    pg_temp.draw('elsewhere', n) < 0.1 as writes_from_elsewhere,
    floor(pg_temp.draw('answers', n) * 2.4)::int as answers,
    pg_temp.draw('web', n) < 0.35 as logs_in,
    timestamptz '2022-01-01 00:00:00Z' + n % 1000 * interval '1 day' as joined_at
from housed
join street on street.i = housed.street % 20
join given on given.i = floor(pg_temp.draw('given', n) * (select count(*) from given))
join family on family.i = floor(pg_temp.draw('family', home) * (select count(*) from family));

create table candidate_intermediate.int_person__identities as
with records as (
    select 'hubspot' as source, n::text as id, 'crm_contact' as kind, given_name || ' ' || family_name as full_name,
           given_name, family_name, email, case when has_phone then phone end as phone, joined_at as created_at,
           case when has_home then address end as address, case when has_home then city end as city,
           case when has_home then postal_code end as postal_code
    from person where has_contact
    union all
    select 'zendesk', n::text, 'helpdesk_user', given_name || ' ' || family_name, null, null,
           case when writes_from_elsewhere then other_email else email end,
           case when has_phone then phone end, joined_at + interval '30 days', null, null, null
    from person where has_user
    union all
    select 'zendesk', 's' || n, 'helpdesk_user', given_name || ' ' || family_name, null, null, null,
           case when has_phone then phone end, joined_at + interval '60 days', null, null, null
    from person where has_second_user
    union all
    select 'typeform', 'f:' || n || '-' || number, 'survey_respondent', null, null, null, email, null,
           joined_at + number * interval '50 days', null, null, null
    from person cross join lateral generate_series(1, answers) as number
    union all
    select 'ga4', n::text, 'web_user', null, null, null, null, null, null, null, null, null
    from person where has_contact and logs_in
    union all
    select 'matomo', md5('browser' || n), 'browser', null, null, null, null, null, joined_at - interval '3 days', null, null, null
    from person where logs_in
)
select source || ':' || id as identity_key, source, id as identity_id, kind, false as is_deleted, created_at, full_name,
       given_name, family_name, email, phone, null::text as country, address, city, postal_code,
       null::text as birth_date, false as is_agent, 1::bigint as build_number
from records;

create table candidate_intermediate.int_person__claims as
select identity_key, 'record' as origin, 'record' as kind, identity_key as value, 'own_id' as rule, created_at as claimed_at,
       1::bigint as build_number
from candidate_intermediate.int_person__identities where kind in ('crm_contact', 'helpdesk_user')
union all
select identity_key, case kind when 'survey_respondent' then 'record' else 'history' end, 'email', email,
       case kind when 'survey_respondent' then 'survey_email' else 'email' end, created_at, 1
from candidate_intermediate.int_person__identities where email is not null
union all
select identity_key, 'history', 'phone', phone, 'phone_and_name', created_at, 1
from candidate_intermediate.int_person__identities where phone is not null
union all
select identity_key, 'record', 'record', 'hubspot:' || identity_id, 'login_id', null, 1
from candidate_intermediate.int_person__identities where kind = 'web_user'
union all
select 'matomo:' || md5('browser' || n), 'record', 'record', 'hubspot:' || n, 'browser_login', joined_at + interval '2 days', 1
from person where logs_in and has_contact;

create table candidate_intermediate.int_ticket__tickets (ticket_key text, requester_key text, is_deleted boolean);
create unique index on candidate_intermediate.int_person__identities (identity_key);
create index on candidate_intermediate.int_person__identities (build_number);
create index on candidate_intermediate.int_person__identities (is_agent);
create index on candidate_intermediate.int_person__claims (build_number);
create index on candidate_intermediate.int_person__claims (identity_key);
create index on candidate_intermediate.int_ticket__tickets (requester_key);
analyze candidate_intermediate.int_person__identities;
analyze candidate_intermediate.int_person__claims;
