{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='created_date',
    meta={'touched': 'mart_support__touched_days'},
    indexes=[{'columns': ['created_date']}],
) }}
{%- set chosen = only_touched('ticket.created_date', ref('mart_support__touched_days'), 'created_date') %}

-- An account's day is a handful of tickets: accounts are counted by the month, in mart_support__outcomes.
with
{{ counted_outcomes('ticket.created_date', chosen, is_told_by('cut.dimension', "'day'")) }}

select
    created_date,
    metric,
    dimension,
    member,
    n,
    hits,
    n_open,
    {{ build_number() }} as build_number
from counted
