{{ config(
    unique_key='user_id',
    indexes=[
        {'columns': ['user_id']},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ all_versions('zendesk', 'users') }}
),

parsed as (
    select
        versions.key as user_id,
        versions.sequence,
        versions.changed_at,
        field.email,
        field.phone,
        field.created_at,
        min(versions.sequence) over (partition by versions.key) as first_sequence,
        max(versions.sequence) over (partition by versions.key) as last_sequence
    from versions
    cross join lateral jsonb_to_record(versions.record) as field (email text, phone text, created_at timestamptz)
),

addresses as (
    select
        parsed.user_id,
        parsed.sequence,
        parsed.changed_at,
        parsed.created_at,
        parsed.first_sequence,
        parsed.last_sequence,
        address.kind,
        nullif(lower(btrim(address.value, e' \t\n\r')), '') as address
    from parsed
    cross join lateral (values ('email', parsed.email), ('phone', parsed.phone)) as address (kind, value)
)

select
    user_id,
    kind,
    address,
    -- what the oldest known version has was there since the record was made, for all we know
    min(case when sequence = first_sequence then created_at else changed_at end) as first_seen_at,
    bool_or(sequence = last_sequence) as is_current,
    max(last_sequence) as record_sequence,
    {{ build_number() }} as build_number
from addresses
where address is not null
group by user_id, kind, address
