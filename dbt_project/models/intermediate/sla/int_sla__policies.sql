{{ config(materialized='table', indexes=[{'columns': ['policy_key'], 'unique': true}]) }}

with zendesk as (
    select
        'zendesk' as source,
        policy_id,
        title,
        match_order
    from {{ ref('stg_zendesk__sla_policies') }}
    where not is_deleted
),

settings as (
    select
        source,
        policy_id,
        max(title) as title,
        min(match_order) as match_order
    from {{ ref('sla_policies') }}
    group by source, policy_id
),

conformed as (
    select * from zendesk
    union all
    select * from settings
)

select
    source,
    policy_id,
    title,
    source || ':' || policy_id as policy_key,
    row_number() over (
        partition by source
        order by match_order asc nulls last, length(policy_id) asc, policy_id asc
    ) as match_order
from conformed
