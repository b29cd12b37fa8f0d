{{ config(
    unique_key='ticket_id',
    indexes=[
        {'columns': ['ticket_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'tickets') }}
)

select
    versions.key as ticket_id,
    field.requester_id,
    field.submitter_id,
    field.assignee_id,
    field.organization_id,
    field.group_id,
    field.brand_id,
    field.ticket_form_id,
    field.subject,
    field.via ->> 'channel' as channel,
    substr(
        jsonb_path_query_first(field.custom_fields, '$[*].value ? (@ starts with "topic__")') #>> '{}',
        length('topic__') + 1
    ) as topic,
    field.status,
    field.priority,
    field.type as ticket_type,
    field.satisfaction_rating ->> 'score' as satisfaction_score,
    field.tags,
    field.custom_fields,
    field.is_public,
    field.created_at,
    field.updated_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    requester_id text,
    submitter_id text,
    assignee_id text,
    organization_id text,
    group_id text,
    brand_id text,
    ticket_form_id text,
    subject text,
    via jsonb,
    custom_fields jsonb,
    status text,
    priority text,
    type text,
    satisfaction_rating jsonb,
    tags jsonb,
    is_public boolean,
    created_at timestamptz,
    updated_at timestamptz
)
