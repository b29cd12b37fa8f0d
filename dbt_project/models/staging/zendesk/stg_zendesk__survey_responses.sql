{{ config(
    unique_key='response_id',
    indexes=[
        {'columns': ['response_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('zendesk', 'survey_responses') }}
)

select
    versions.key as response_id,
    jsonb_path_query_first(field.subjects, '$[*] ? (@.type == "ticket").id') #>> '{}' as ticket_id,
    field.responder_id,
    field.survey ->> 'id' as survey_id,
    {{ try_integer("field.survey ->> 'version'") }} as survey_version,
    field.answers,
    field.expires_at,
    versions.is_deleted,
    versions.changed_at as record_changed_at,
    versions.sequence as record_sequence,
    {{ build_number() }} as build_number
from versions
cross join lateral jsonb_to_record(versions.record) as field (
    subjects jsonb,
    responder_id text,
    survey jsonb,
    answers jsonb,
    expires_at timestamptz
)
