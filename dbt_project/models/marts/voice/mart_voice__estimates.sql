{{ config(indexes=[{'columns': ['metric', 'dimension', 'member', 'period', 'period_start']}]) }}

{%- set cell = ['metric', 'kind', 'scale', 'purpose', 'dimension', 'member', 'period', 'period_start'] %}

select
    {{ cell | join(',\n    ') }},
    {{ plain_number('value') }} as value,
    n::bigint as n,
    n_customers::bigint as n_customers,
    {{ plain_number('ci_low') }} as ci_low,
    {{ plain_number('ci_high') }} as ci_high,
    clustered_spread
from {{ score_estimates(ref('mart_voice__customer_points'), cell, ref('t_critical_values')) }} as estimate
where n > 0
