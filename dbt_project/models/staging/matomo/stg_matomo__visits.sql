{{ config(
    unique_key='visit_id',
    indexes=[
        {'columns': ['visit_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('matomo', 'visits') }}
)

select
    versions.key as visit_id,
    visit."idSite" as site_id,
    visit."visitorId" as visitor_id,
    nullif(btrim(visit."userId"), '') as user_id,
    visit."referrerType" as referrer_type,
    nullif(visit."referrerName", '') as referrer_name,
    lower(visit."deviceType") as device,
    visit."actionDetails" -> 0 ->> 'url' as landing_url,
    wrapped.time_zone as site_time_zone,
    -- what was done beyond the actions that the vendor serves of one visit is counted here all the same
    {{ try_integer('visit.actions') }} as actions,
    {{ try_integer('visit."goalConversions"') }} as goal_conversions,
    {{ try_integer('visit."visitDuration"') }} as visit_seconds,
    wrapped.visit_date,
    to_timestamp(visit."firstActionTimestamp") as started_at,
    to_timestamp(visit."lastActionTimestamp") as last_action_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as wrapped (visit_date date, time_zone text, visit jsonb)
cross join lateral jsonb_to_record(wrapped.visit) as visit (
    "idSite" text,
    "visitorId" text,
    "userId" text,
    "referrerType" text,
    "referrerName" text,
    "deviceType" text,
    "actionDetails" jsonb,
    actions text,
    "goalConversions" text,
    "visitDuration" text,
    "firstActionTimestamp" bigint,
    "lastActionTimestamp" bigint
)
