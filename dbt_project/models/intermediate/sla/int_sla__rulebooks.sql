{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='source',
    indexes=[{'columns': ['source'], 'unique': true}],
) }}

-- All that a source promises, as one text: when it changes, every ticket of the source is judged again.
with clauses as (
    select
        policy_key,
        match_order || ' ' || policy_key || ' ' || coalesce(title, '') as clause
    from {{ ref('int_sla__policies') }}
    union all
    select
        policy_key,
        metric || ' ' || priority || ' ' || target_minutes || ' ' || is_business as clause
    from {{ ref('int_sla__targets') }}
    union all
    select
        policy_key,
        quantifier || ' ' || field || ' ' || coalesce(operator, '') || ' ' || coalesce(wanted::text, '')
            as clause
    from {{ ref('int_sla__conditions') }}
)

select
    source.source,
    string_agg(clause.policy_key || ' ' || clause.clause, '; ' order by clause.policy_key, clause.clause) as rules,
    {{ build_number() }} as build_number
from {{ ref('sources') }} as source
left join clauses as clause on source.source = split_part(clause.policy_key, ':', 1)
group by source.source
