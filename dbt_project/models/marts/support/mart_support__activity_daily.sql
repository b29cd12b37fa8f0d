{#- Of the build, not for readers, so not among the marts. #}
{{ config(schema='intermediate', materialized='table') }}

-- depends_on: {{ ref('mart_support__touched_activity') }}
-- How many orders and answers a day has: by it the next build of this set sees that one of them is gone.
{{ daily_activity() }}
