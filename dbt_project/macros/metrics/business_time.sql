{#
    Business time, for every metric that has it. A schedule is a clock that stands still outside its hours: it shows the
    seconds for which the schedule has been open since int_schedule__segments begins. Business minutes of [a, b) are the
    difference of what it shows at b and at a, so however long the stretch is, it costs two lookups.

        from … as spell
        join_business_clock('at_start', 'spell.schedule_key', 'spell.from_at')
        join_business_clock('at_end', 'spell.schedule_key', 'spell.to_at')
        → business_minutes('at_start', 'spell.from_at', 'at_end', 'spell.to_at')

    Joined by the UTC day, so that the planner hashes it; within the day the segments leave no gap and do not overlap, so
    a moment has one. A ticket without a schedule has no business time: null.
#}
{% macro join_business_clock(alias, schedule_key, moment) -%}
    left join {{ ref('int_schedule__segments') }} as {{ alias }}
        on {{ schedule_key }} = {{ alias }}.schedule_key
        and {{ utc_date(moment) }} = {{ alias }}.utc_date
        and {{ moment }} >= {{ alias }}.from_at
        and {{ moment }} < {{ alias }}.to_at
{%- endmacro %}


{# What the clock joined as alias shows at the moment, in seconds. #}
{% macro business_seconds(alias, moment) -%}
    ({{ alias }}.open_seconds_before + case
        when {{ alias }}.is_open then {{ seconds_between(alias ~ '.from_at', moment) }}
        else 0
    end)
{%- endmacro %}


{# Business minutes between two moments whose clocks are joined, unrounded, numeric; null where one of them is. #}
{% macro business_minutes(earlier_alias, earlier, later_alias, later) -%}
    {{ minutes_of_seconds(business_seconds(later_alias, later) ~ ' - ' ~ business_seconds(earlier_alias, earlier)) }}
{%- endmacro %}


{# Seconds, as a double, in minutes: unrounded, numeric. #}
{% macro minutes_of_seconds(seconds) -%}
    {{ plain_number('(' ~ seconds ~ ')::numeric / 60') }}
{%- endmacro %}


{# The team of a ticket as int_ticket__team_schedules keys it; tickets without a team have a row too. #}
{% macro team_key(source, team_id) -%}
    {{ source }} || ':' || coalesce({{ team_id }}, '')
{%- endmacro %}


{# Whether a figure is the other one in whole minutes, rounded down; false where it is none. #}
{% macro floors_to(exact, whole) -%}
    coalesce(floor({{ exact }}) = {{ whole }}, false)
{%- endmacro %}
