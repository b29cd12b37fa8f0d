{#
    Whether a solution held: true once the window after it has closed without a repeat, false as soon as there is one in
    it, null while it is open, and for what was never solved or is no contact of a customer. Used where the figure is
    computed, and where it is decided whose figure tonight is another one.
#}
{% macro is_fcr(ticket, next_contact, window_hours) -%}
    case
        when {{ ticket }}.is_merged or {{ ticket }}.is_opened_by_agent then null
        when
            least({{ ticket }}.first_reopened_at, {{ next_contact }})
            <= {{ ticket }}.first_resolved_at + {{ window_hours }} * interval '1 hour'
            then false
        when {{ ticket }}.first_resolved_at + {{ window_hours }} * interval '1 hour' <= {{ as_of() }} then true
    end
{%- endmacro %}


{# The windows of first contact resolution in hours, one row: hours_7d and hours_14d. #}
{% macro fcr_windows() -%}
    (
        select
            max(setting_value) filter (where setting = 'fcr_7d_window_hours') as hours_7d,
            max(setting_value) filter (where setting = 'fcr_14d_window_hours') as hours_14d
        from {{ ref('metric_settings') }}
    )
{%- endmacro %}
