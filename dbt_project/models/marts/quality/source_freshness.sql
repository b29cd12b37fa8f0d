with streams as (
    select
        source,
        stream,
        sequence,
        complete_through,
        last_status,
        last_error
    from {{ source('ops', 'build_high_water') }}
    -- a build by hand has nothing frozen and shows what the last one saw
    where
        build_number = coalesce(
            nullif({{ build_number() }}, 0),
            (select max(frozen.build_number) from {{ source('ops', 'build_high_water') }} as frozen)
        )
),

sources as (
    select
        source,
        count(*) as streams,
        count(complete_through) as streams_whole,
        -- a source is as whole as its least whole stream; one that never finished leaves it unknown
        case when count(complete_through) = count(*) then min(complete_through) end as complete_through,
        sum(sequence)::bigint as record_versions,
        count(*) filter (where last_status = 'failed') as streams_failed,
        count(*) filter (where last_status = 'succeeded') as streams_in,
        string_agg(stream || ': ' || last_error, '; ' order by stream) filter (where last_status = 'failed')
            as last_error
    from streams
    group by source
)

select
    freshness.source,
    coalesce(setting.label, freshness.source) as label,
    {{ as_of() }} as as_of,
    freshness.complete_through,
    {{ plain_number(minutes_between('freshness.complete_through', as_of()) ~ ' / 60') }} as age_hours,
    setting.freshness_target_hours,
    coalesce(
        {{ minutes_between('freshness.complete_through', as_of()) }} / 60 > setting.freshness_target_hours,
        true
    ) as is_stale,
    case
        when freshness.streams_failed > 0 then 'failed'
        when freshness.streams_in < freshness.streams then 'unfinished'
        else 'succeeded'
    end as last_status,
    freshness.last_error,
    freshness.streams,
    freshness.streams_whole,
    freshness.streams_failed,
    freshness.record_versions
from sources as freshness
left join {{ ref('sources') }} as setting on freshness.source = setting.source
