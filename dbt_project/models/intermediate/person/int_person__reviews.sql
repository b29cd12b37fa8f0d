{{ config(materialized='view') }}

-- Everything that evidence cannot decide, from wherever it was found, one row per pair of identities and kind.
with suspects as (
    select
        review_kind,
        left_identity,
        right_identity,
        by_way_of,
        evidence,
        reason,
        null::bigint as records,
        null::double precision as match_weight,
        null::double precision as probability,
        null::text as model_version,
        since
    from {{ source('identity', 'suspects') }}
),

crowds as (
    select
        'crowded_' || kind as review_kind,
        left_identity,
        right_identity,
        null::text as by_way_of,
        kind as evidence,
        'more records share it than one person has' as reason,
        records,
        null::double precision as match_weight,
        null::double precision as probability,
        null::text as model_version,
        since
    from {{ source('identity', 'crowded') }}
),

-- a pair that others made one already needs no look
pairs as (
    select
        'probable_pair' as review_kind,
        pair.left_key as left_identity,
        pair.right_key as right_identity,
        null::text as by_way_of,
        'probable' as evidence,
        case pair.verdict
            when 'accepted' then 'they agree beyond chance, but so do others who are not one with them'
            else 'they agree, but not so well that it could not be chance'
        end as reason,
        null::bigint as records,
        pair.match_weight,
        pair.probability,
        pair.model_version,
        greatest(one.created_at, other.created_at) as since
    from {{ source('identity', 'pairs') }} as pair
    inner join {{ ref('int_person__customers') }} as left_member on pair.left_key = left_member.identity_key
    inner join {{ ref('int_person__customers') }} as right_member on pair.right_key = right_member.identity_key
    inner join {{ ref('int_person__identities') }} as one on pair.left_key = one.identity_key
    inner join {{ ref('int_person__identities') }} as other on pair.right_key = other.identity_key
    where left_member.customer_key <> right_member.customer_key
),

-- a decision about an identity that nobody knows does nothing: a slip of the pen, most likely
unknown_decisions as (
    select
        'unknown_override' as review_kind,
        decision.left_identity,
        decision.right_identity,
        null::text as by_way_of,
        'decision' as evidence,
        'link_overrides names an identity that no source has' as reason,
        null::bigint as records,
        null::double precision as match_weight,
        null::double precision as probability,
        null::text as model_version,
        decision.decided_at as since
    from {{ ref('link_overrides') }} as decision
    left join {{ ref('int_person__identities') }} as one on decision.left_identity = one.identity_key
    left join {{ ref('int_person__identities') }} as other on decision.right_identity = other.identity_key
    where one.identity_key is null or other.identity_key is null
)

select * from suspects
union all
select * from crowds
union all
select * from pairs
union all
select * from unknown_decisions
