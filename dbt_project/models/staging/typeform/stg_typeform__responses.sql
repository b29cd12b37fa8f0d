{{ config(
    unique_key='response_key',
    indexes=[
        {'columns': ['response_key'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('typeform', 'responses') }}
),

parsed as (
    select
        versions.key as response_key,
        response.token as response_id,
        wrapped.form_id,
        response.response_type,
        response.answers,
        response.hidden,
        {{ try_numeric("response.calculated ->> 'score'") }} as calculated_score,
        response.metadata ->> 'platform' as platform,
        {{ try_timestamptz('response.landed_at') }} as landed_at,
        -- a time that is not set may come as the year 1
        case when response.staged_at not like '0001-%' then {{ try_timestamptz('response.staged_at') }} end
            as staged_at,
        case when response.submitted_at not like '0001-%' then {{ try_timestamptz('response.submitted_at') }} end
            as submitted_at,
        versions.is_deleted,
        versions.changed_at as record_changed_at,
        versions.sequence as record_sequence
    from versions
    cross join lateral jsonb_to_record(versions.record) as wrapped (form_id text, response jsonb)
    cross join lateral jsonb_to_record(wrapped.response) as response (
        token text,
        response_type text,
        answers jsonb,
        hidden jsonb,
        calculated jsonb,
        metadata jsonb,
        landed_at text,
        staged_at text,
        submitted_at text
    )
)

select
    response_key,
    response_id,
    form_id,
    coalesce(response_type, case when submitted_at is not null then 'completed' end) as response_type,
    hidden ->> 'email' as hidden_email,
    hidden ->> 'contact_id' as hidden_contact_id,
    hidden ->> 'ticket_id' as hidden_ticket_id,
    {{ json_first_text('answers', 'type', 'email', 'email') }} as answered_email,
    platform,
    answers,
    hidden,
    calculated_score,
    landed_at,
    staged_at,
    submitted_at,
    -- only what was answered has a time of answer: a form that was merely opened has none
    coalesce(
        submitted_at, staged_at, case when jsonb_typeof(answers) = 'array' and answers <> '[]'::jsonb then landed_at end
    ) as answered_at,
    is_deleted,
    record_changed_at,
    record_sequence,
    {{ build_number() }} as build_number
from parsed
