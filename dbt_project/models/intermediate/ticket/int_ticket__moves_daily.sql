{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='day',
    meta={'touched': 'int_ticket__touched_moves'},
    indexes=[{'columns': ['day']}],
) }}

-- What comes and goes at a place, added up once a day for the backlog, which is summed from the first day every night.
select
    day,
    channel,
    team_id,
    sum(net)::bigint as net,
    sum(opened)::bigint as opened,
    sum(solved)::bigint as solved,
    sum(reopened)::bigint as reopened,
    {{ build_number() }} as build_number
from {{ ref('int_ticket__moves') }}
where {{ only_touched('day', ref('int_ticket__touched_moves'), 'day') }}
group by day, channel, team_id
