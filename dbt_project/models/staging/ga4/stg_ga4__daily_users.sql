{{ config(
    unique_key='user_day_key',
    indexes=[
        {'columns': ['user_day_key'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('ga4', 'daily_users') }}
)

-- the connector fixes the order of a report's columns, and landing checks that a row has them all
select
    versions.key as user_day_key,
    wrapped.property_id,
    to_date(served."dimensionValues" -> 0 ->> 'value', 'YYYYMMDD') as visit_date,
    -- visits of people who were not logged in, and the vendor's rest row, have no customer
    nullif(nullif(nullif(btrim(served."dimensionValues" -> 1 ->> 'value'), ''), '(not set)'), '(other)') as user_id,
    served."dimensionValues" -> 2 ->> 'value' as channel,
    served."dimensionValues" -> 3 ->> 'value' as device,
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
