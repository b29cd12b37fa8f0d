-- A night in which one record of a hundred changes, as build 2: numbers and addresses change, some are new.
create temp table changed as
    select identity_key, kind from candidate_intermediate.int_person__identities where hashtext(identity_key) % 100 = 0;
create index on changed (identity_key);
analyze changed;

update candidate_intermediate.int_person__identities as identity
set build_number = 2,
    phone = case when phone is null then null
                 when right(phone, 1) in ('1', '4', '7') then phone
                 else '+48' || 500000000 + abs(hashtext(identity.identity_key)) % 390000000 end
from changed where changed.identity_key = identity.identity_key;

update candidate_intermediate.int_person__claims as claim
set build_number = 2,
    value = case claim.kind
                when 'phone' then (select phone from candidate_intermediate.int_person__identities as identity
                                   where identity.identity_key = claim.identity_key)
                when 'email' then case when right(split_part(claim.value, '@', 1), 1) in ('0', '5')
                                       then 'new.' || claim.value else claim.value end
                else claim.value end
from changed where changed.identity_key = claim.identity_key;
analyze candidate_intermediate.int_person__identities;
analyze candidate_intermediate.int_person__claims;
