{{ config(
    unique_key='rating_id',
    indexes=[
        {'columns': ['rating_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'satisfaction_ratings') }}
)

select
    versions.key as rating_id,
    field.ticket_id,
    field.requester_id,
    field.assignee_id,
    field.group_id,
    field.score,
    field.reason,
    field.comment,
    field.created_at,
    field.updated_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    ticket_id text,
    requester_id text,
    assignee_id text,
    group_id text,
    score text,
    reason text,
    comment text,
    created_at timestamptz,
    updated_at timestamptz
)
