{{ config(
    unique_key='contact_id',
    indexes=[
        {'columns': ['contact_id']},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ all_versions('hubspot', 'contacts') }}
),

parsed as (
    select
        versions.key as contact_id,
        versions.sequence,
        versions.changed_at,
        property.email,
        property.hs_additional_emails,
        property.phone,
        property.mobilephone,
        (versions.record ->> 'createdAt')::timestamptz as created_at,
        min(versions.sequence) over (partition by versions.key) as first_sequence,
        max(versions.sequence) over (partition by versions.key) as last_sequence
    from versions
    cross join lateral jsonb_to_record(versions.record -> 'properties') as property (
        email text, hs_additional_emails text, phone text, mobilephone text
    )
),

addresses as (
    select
        parsed.contact_id,
        parsed.sequence,
        parsed.changed_at,
        parsed.created_at,
        parsed.first_sequence,
        parsed.last_sequence,
        address.kind,
        nullif(lower(btrim(address.value, e' \t\n\r')), '') as address
    from parsed
    cross join lateral (
        select
            'email' as kind,
            parsed.email as value
        union all
        select
            'email' as kind,
            additional.email as value
        from unnest(string_to_array(parsed.hs_additional_emails, ';')) as additional (email)
        union all
        select
            'phone' as kind,
            parsed.phone as value
        union all
        select
            'phone' as kind,
            parsed.mobilephone as value
    ) as address
)

select
    contact_id,
    kind,
    address,
    -- what the oldest known version has was there since the record was made, for all we know
    min(case when sequence = first_sequence then created_at else changed_at end) as first_seen_at,
    bool_or(sequence = last_sequence) as is_current,
    max(last_sequence) as record_sequence,
    {{ build_number() }} as build_number
from addresses
where address is not null
group by contact_id, kind, address
