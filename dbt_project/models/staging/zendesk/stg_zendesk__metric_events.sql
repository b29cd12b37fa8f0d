{{ config(
    unique_key='metric_event_id',
    indexes=[
        {'columns': ['metric_event_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'metric_events') }}
)

select
    versions.key as metric_event_id,
    field.ticket_id,
    field.sla #>> '{policy,id}' as sla_policy_id,
    field.metric,
    field.type as event_type,
    {{ try_integer("field.instance_id") }} as instance_number,
    {{ try_numeric("field.status ->> 'calendar'") }} as calendar_minutes,
    {{ try_numeric("field.status ->> 'business'") }} as business_minutes,
    {{ try_numeric("field.sla ->> 'target'") }} as target_minutes,
    (field.sla ->> 'business_hours') = 'true' as is_target_in_business_hours,
    coalesce(field.deleted, false) as is_breach_void,
    field.time as occurred_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    ticket_id text,
    sla jsonb,
    metric text,
    type text,
    instance_id text,
    status jsonb,
    deleted boolean,
    time timestamptz
)
