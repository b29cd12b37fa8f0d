{{ config(materialized='table', indexes=[{'columns': ['visit_key'], 'unique': true}]) }}

-- A visit is told again when it changes, and when what is known of its browser or its login does.
with changed as (
    select 'matomo:' || visit.visit_id as visit_key
    from {{ ref('stg_matomo__visits') }} as visit
    where visit.build_number = {{ build_number() }} or {{ is_full_build() }}
    union
    select 'matomo:' || visit.visit_id as visit_key
    from {{ ref('int_person__touched') }} as touched
    inner join {{ ref('stg_matomo__visits') }} as visit on touched.identity_key = 'matomo:' || visit.visitor_id
    union
    select 'matomo:' || visit.visit_id as visit_key
    from {{ ref('int_person__touched') }} as touched
    inner join {{ ref('stg_matomo__visits') }} as visit
        on touched.identity_key = '{{ var("crm_source") }}:' || visit.user_id
)

select visit_key
from changed
