{{ config(
    materialized='incremental',
    incremental_strategy='delta',
    unique_key='setting',
    indexes=[{'columns': ['setting'], 'unique': true}],
) }}

-- When one changes, every solution is judged again.
select
    setting,
    setting_value as hours,
    {{ build_number() }} as build_number
from {{ ref('metric_settings') }}
where setting like 'fcr_%_window_hours'
