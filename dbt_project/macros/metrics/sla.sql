{#
    Whether a condition of a policy holds for a state, both aliases of rows: state has status, priority, team, account,
    channel and tags (a text, separated by spaces); condition has field, operator and wanted (a list of texts). A field that
    is unknown holds never.
#}
{% macro condition_holds(condition, state) -%}
    {%- set value -%}
        case {{ condition }}.field
            when 'status' then {{ state }}.status
            when 'priority' then {{ state }}.priority
            when 'team' then {{ state }}.team
            when 'account' then {{ state }}.account
            when 'channel' then {{ state }}.channel
        end
    {%- endset -%}
    {%- set is_one -%}
        case {{ condition }}.field
            when 'tag' then {{ json_array_holds_word(condition ~ '.wanted', state ~ '.tags') }}
            else {{ json_array_holds(condition ~ '.wanted', value) }}
        end
    {%- endset -%}
    coalesce(
        case
            when {{ condition }}.field = 'unknown' then false
            when {{ condition }}.operator in ('is', 'includes') then {{ is_one }}
            when {{ condition }}.operator in ('is_not', 'not_includes') then not {{ is_one }}
            when {{ condition }}.operator = 'less_than'
                then {{ rank_of(value) }} < {{ rank_of(condition ~ '.wanted ->> 0') }}
            when {{ condition }}.operator = 'greater_than'
                then {{ rank_of(value) }} > {{ rank_of(condition ~ '.wanted ->> 0') }}
        end,
        false
    )
{%- endmacro %}


{# Where a status stands among statuses, or a priority among priorities. #}
{% macro rank_of(value) -%}
    coalesce(
        array_position(array['new', 'open', 'pending', 'hold', 'solved', 'closed'], {{ value }}),
        array_position(array['low', 'normal', 'high', 'urgent'], {{ value }})
    )
{%- endmacro %}


{# Whether a clock that runs, a row of fct_sla_targets that this build wrote, has passed its target since a moment. A minute
   more is given for what was rounded. #}
{% macro is_missed_since(promise, moment) -%}
    {{ promise }}.build_number = {{ build_number() }}
    and {{ promise }}.stopped_at is null
    and {{ promise }}.is_breached
    and {{ promise }}.elapsed_minutes - {{ promise }}.target_minutes
    <= {{ seconds_between(moment, as_of()) }} / 60 + 1
{%- endmacro %}
