{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='team_key',
    indexes=[{'columns': ['team_key'], 'unique': true}],
) }}

-- Which schedule each team works by. The definition stands beside it, so that a holiday or an hour that was changed
-- counts as a change of the row, and the team's tickets are computed again.
with teams as (
    {%- if is_incremental() %}
        -- one by one whether they still have a ticket: to ask the tickets for their teams would read them all
        select
            known.source,
            known.team_id
        from (
            select
                source,
                team_id
            from {{ this }}
            union
            select
                source,
                team_id
            from {{ ref('int_ticket__tickets') }}
            where build_number = {{ build_number() }}
        ) as known
        where exists (
            select 1
            from {{ ref('int_ticket__tickets') }} as ticket
            where
                ticket.source = known.source
                and (ticket.team_id = known.team_id or (ticket.team_id is null and known.team_id is null))
        )
    {%- else %}
        select distinct
            source,
            team_id
        from {{ ref('int_ticket__tickets') }}
    {%- endif %}
),

hours as (
    select
        schedule_key,
        string_agg(opens_minute || '-' || closes_minute, ' ' order by opens_minute, closes_minute) as hours
    from {{ ref('int_schedule__intervals') }}
    group by schedule_key
),

holidays as (
    select
        schedule_key,
        string_agg(first_day || '/' || last_day, ' ' order by first_day, last_day) as holidays
    from {{ ref('int_schedule__holidays') }}
    group by schedule_key
)

select
    {{ team_key('team.source', 'team.team_id') }} as team_key,
    team.source,
    team.team_id,
    schedule.schedule_key,
    schedule.time_zone || ': ' || coalesce(hour.hours, '') || ' without ' || coalesce(holiday.holidays, 'holidays')
        as definition,
    {{ build_number() }} as build_number
from teams as team
left join {{ ref('team_schedules') }} as setting
    on team.source = setting.source and team.team_id = setting.team_id
left join {{ ref('int_schedule__schedules') }} as own
    on team.source = own.source and setting.schedule_id = own.schedule_id
left join {{ ref('int_schedule__schedules') }} as fallback
    on team.source = fallback.source and fallback.is_default
left join {{ ref('int_schedule__schedules') }} as schedule
    on coalesce(own.schedule_key, fallback.schedule_key) = schedule.schedule_key
left join hours as hour on schedule.schedule_key = hour.schedule_key
left join holidays as holiday on schedule.schedule_key = holiday.schedule_key
