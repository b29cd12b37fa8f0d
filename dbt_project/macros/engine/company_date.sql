{# The calendar day of a moment in the company's zone. #}
{% macro company_date(expression) -%}
    {{ return(adapter.dispatch('company_date')(expression)) }}
{%- endmacro %}

{% macro default__company_date(expression) -%}
    (({{ expression }}) at time zone '{{ var("company_time_zone") }}')::date
{%- endmacro %}


{# Minutes between two moments, unrounded: seconds / 60, numeric. #}
{% macro minutes_between(earlier, later) -%}
    {{ return(adapter.dispatch('minutes_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__minutes_between(earlier, later) -%}
    {{ plain_number('extract(epoch from (' ~ later ~ ') - (' ~ earlier ~ '))::numeric / 60') }}
{%- endmacro %}


{% macro normalised_email(expression) -%}
    {{ return(adapter.dispatch('normalised_email')(expression)) }}
{%- endmacro %}

{# Trimmed and lower case; an empty text is no address. #}
{% macro default__normalised_email(expression) -%}
    nullif(lower(btrim({{ expression }}, e' \t\n\r')), '')
{%- endmacro %}


{# The moment at which a calendar day begins in the company's zone. #}
{% macro day_start(expression) -%}
    {{ return(adapter.dispatch('day_start')(expression)) }}
{%- endmacro %}

{% macro default__day_start(expression) -%}
    ((({{ expression }})::timestamp) at time zone '{{ var("company_time_zone") }}')
{%- endmacro %}


{# An exact number without trailing zeros, so that equal figures also look equal: 90, not 90.0000000000000000. #}
{% macro plain_number(expression) -%}
    {{ return(adapter.dispatch('plain_number')(expression)) }}
{%- endmacro %}

{% macro default__plain_number(expression) -%}
    trim_scale(({{ expression }})::numeric)
{%- endmacro %}


{# Every day from the first to the last, both included: a row source with the column day, aliased day. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between')(first, last)) }}
{%- endmacro %}

{% macro default__days_between(first, last) -%}
    (
        select series.moment::date as day
        from generate_series(({{ first }})::timestamp, ({{ last }})::timestamp, interval '1 day') as series (moment)
    ) as day
{%- endmacro %}


{# Every whole number from the first to the last, both included: a row source with one column. #}
{% macro numbers_between(first, last) -%}
    {{ return(adapter.dispatch('numbers_between')(first, last)) }}
{%- endmacro %}

{% macro default__numbers_between(first, last) -%}
    generate_series({{ first }}, {{ last }})
{%- endmacro %}


{# Seconds between two moments as a double: exact for microseconds, and cheap where there are millions. #}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    date_part('epoch', ({{ later }}) - ({{ earlier }}))
{%- endmacro %}


{# The calendar day of a moment in UTC. #}
{% macro utc_date(expression) -%}
    {{ return(adapter.dispatch('utc_date')(expression)) }}
{%- endmacro %}

{% macro default__utc_date(expression) -%}
    (({{ expression }}) at time zone 'UTC')::date
{%- endmacro %}


{#
    The moment at which a wall clock of a zone shows a day and so many minutes after its midnight. A time that the clocks
    skip is reckoned as if they had not yet changed; of a time that they show twice, the second one is meant.
#}
{% macro wall_time(day, minutes, time_zone) -%}
    {{ return(adapter.dispatch('wall_time')(day, minutes, time_zone)) }}
{%- endmacro %}

{% macro default__wall_time(day, minutes, time_zone) -%}
    ((({{ day }})::timestamp + ({{ minutes }}) * interval '1 minute') at time zone ({{ time_zone }}))
{%- endmacro %}


{# The first days of all weeks or months that touch the days from the first to the last: a row source with the column
   period_start, aliased start. `period` is 'week' or 'month'. #}
{% macro period_starts_between(period, first, last) -%}
    {{ return(adapter.dispatch('period_starts_between')(period, first, last)) }}
{%- endmacro %}

{% macro default__period_starts_between(period, first, last) -%}
    (
        select series.moment::date as period_start
        from generate_series(
            date_trunc('{{ period }}', ({{ first }})::timestamp), ({{ last }})::timestamp, interval '1 {{ period }}'
        ) as series (moment)
    ) as start
{%- endmacro %}


{# The moment at which a week or month that begins on a day is over; it never ends later than the night's clock. #}
{% macro period_end(period, period_start) -%}
    least({{ as_of() }}, {{ day_start('(' ~ period_start ~ " + interval '1 " ~ period ~ "')::date") }})
{%- endmacro %}
