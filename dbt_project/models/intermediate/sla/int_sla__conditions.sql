{{ config(materialized='table') }}

-- What a ticket must be for a policy to apply, in the words of all helpdesks. A condition on a field or by an operator
-- that the warehouse does not know is kept as unknown: it holds for no ticket, and a test warns.
with zendesk as (
    select
        'zendesk:' || policy.policy_id as policy_key,
        quantifier.quantifier,
        condition.field as vendor_field,
        case condition.field
            when 'status' then 'status'
            when 'priority' then 'priority'
            when 'group_id' then 'team'
            when 'organization_id' then 'account'
            when 'current_tags' then 'tag'
            else 'unknown'
        end as field,
        condition.operator,
        {{ json_words('condition.value') }} as wanted
    from {{ ref('stg_zendesk__sla_policies') }} as policy
    cross join
        lateral (
            values ('all', policy.conditions -> 'all'), ('any', policy.conditions -> 'any')
        ) as quantifier (quantifier, conditions)
    {{ json_rows('quantifier.conditions', 'condition', {'field': 'text', 'operator': 'text', 'value': 'jsonb'}) }}
    where not policy.is_deleted
),

settings as (
    select distinct
        setting.source || ':' || setting.policy_id as policy_key,
        'all' as quantifier,
        condition.field as vendor_field,
        condition.field,
        condition.operator,
        jsonb_build_array(condition.wanted) as wanted
    from {{ ref('sla_policies') }} as setting
    cross join
        lateral (
            values ('team', 'is', setting.team_id), ('channel', 'is', setting.channel), ('tag', 'includes', setting.tag)
        ) as condition (field, operator, wanted)
    where condition.wanted is not null
),

conformed as (
    select * from zendesk
    union all
    select * from settings
)

select
    policy_key,
    quantifier,
    vendor_field,
    operator,
    wanted,
    case
        when operator in ('is', 'is_not', 'less_than', 'greater_than', 'includes', 'not_includes') then field
        else 'unknown'
    end as field
from conformed
