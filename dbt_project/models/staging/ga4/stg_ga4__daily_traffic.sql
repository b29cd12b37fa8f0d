{{ config(
    unique_key='traffic_key',
    indexes=[
        {'columns': ['traffic_key'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('ga4', 'daily_traffic') }}
)

-- the connector fixes the order of a report's columns, and landing checks that a row has them all
select
    versions.key as traffic_key,
    wrapped.property_id,
    to_date(served."dimensionValues" -> 0 ->> 'value', 'YYYYMMDD') as visit_date,
    served."dimensionValues" -> 1 ->> 'value' as channel,
    served."dimensionValues" -> 2 ->> 'value' as device,
    served."dimensionValues" -> 3 ->> 'value' as landing_page,
    (served."dimensionValues" -> 1 ->> 'value' = '(other)') as is_other_row,
    round((served."metricValues" -> 0 ->> 'value')::numeric)::bigint as sessions,
    round((served."metricValues" -> 1 ->> 'value')::numeric)::bigint as engaged_sessions,
    round((served."metricValues" -> 2 ->> 'value')::numeric)::bigint as page_views,
    (served."metricValues" -> 3 ->> 'value')::numeric as key_events,
    round((served."metricValues" -> 4 ->> 'value')::numeric)::bigint as engagement_seconds,
    metadata."timeZone" as property_time_zone,
    coalesce(metadata."dataLossFromOtherRow", false) as has_other_row,
    coalesce(metadata."subjectToThresholding", false) as is_subject_to_thresholding,
    metadata."samplingMetadatas" is not null as is_sampled,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as wrapped (property_id text, metadata jsonb, row jsonb)
cross join lateral jsonb_to_record(wrapped.row) as served ("dimensionValues" jsonb, "metricValues" jsonb)
cross join lateral jsonb_to_record(wrapped.metadata) as metadata (
    "timeZone" text,
    "dataLossFromOtherRow" boolean,
    "subjectToThresholding" boolean,
    "samplingMetadatas" jsonb
)
