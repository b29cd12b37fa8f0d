{#- Of the build, not for readers, so not among the marts. #}
{{ config(
    schema='intermediate',
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['member_id'], 'unique': true}],
) }}

-- Every channel, topic, team, agent, segment and account that a ticket was ever seen in, with a number that is cheap to
-- sort by. A number is given once, so that a night looks only at its own tickets.
select
    row_number() over (order by named.dimension, named.member)
    {%- if is_incremental() %}
        + (select coalesce(max(held.member_id), 0) from {{ this }} as held)
    {%- endif %} as member_id,
    named.dimension,
    named.member
from (
    select distinct
        cut.dimension,
        cut.member
    from {{ ref('fct_tickets') }} as ticket
    cross join lateral {{ ticket_members('ticket') }}
    where cut.member is not null and {{ only_changed('ticket') }}
) as named
{%- if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as held
        where held.dimension = named.dimension and held.member = named.member
    )
{%- endif %}
