{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='agent_key',
    indexes=[{'columns': ['agent_key'], 'unique': true}, {'columns': ['build_number']}],
) }}

with zendesk as (
    select
        agent.user_id as agent_id,
        'zendesk' as source,
        'zendesk:' || agent.user_id as agent_key,
        bot.email is not null as is_bot
    from {{ ref('stg_zendesk__users') }} as agent
    left join {{ ref('bot_agents') }} as bot
        on bot.source = 'zendesk' and bot.email = {{ normalised_email('agent.email') }}
    where agent.role <> 'end-user'
)

select
    agent_key,
    source,
    agent_id,
    is_bot,
    {{ build_number() }} as build_number
from zendesk
