{{ config(materialized='table') }}

select
    'zendesk:' || policy.policy_id as policy_key,
    target.metric,
    target.priority,
    coalesce(target.target_in_seconds / 60, target.target) as target_minutes,
    coalesce(target.business_hours, false) as is_business
from {{ ref('stg_zendesk__sla_policies') }} as policy
{{ json_rows('policy.targets', 'target', {
    'metric': 'text',
    'priority': 'text',
    'target': 'numeric',
    'target_in_seconds': 'numeric',
    'business_hours': 'boolean',
}) }}
where
    not policy.is_deleted
    and target.metric is not null
    and target.priority is not null
    and coalesce(target.target_in_seconds, target.target) is not null
union all
select
    source || ':' || policy_id as policy_key,
    metric,
    priority,
    target_minutes,
    is_business
from {{ ref('sla_policies') }}
