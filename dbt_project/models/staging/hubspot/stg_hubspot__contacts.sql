{{ config(
    unique_key='contact_id',
    indexes=[
        {'columns': ['contact_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('hubspot', 'contacts') }}
),

contacts as (
    select
        versions.key,
        versions.is_deleted,
        versions.changed_at,
        versions.sequence,
        field.properties,
        field."createdAt" as created_at,
        field."updatedAt" as source_updated_at,
        field."archivedAt" as archived_at,
        coalesce(field.archived, false) as is_archived
    from versions
    cross join lateral jsonb_to_record(versions.record) as field (
        properties jsonb,
        "createdAt" timestamptz,
        "updatedAt" timestamptz,
        archived boolean,
        "archivedAt" timestamptz
    )
)

select
    contact.key as contact_id,
    nullif(property.hubspot_owner_id, '') as owner_id,
    array_remove(string_to_array(nullif(property.hs_merged_object_ids, ''), ';'), '') as merged_contact_ids,
    nullif(property.email, '') as email,
    array_remove(string_to_array(nullif(property.hs_additional_emails, ''), ';'), '') as additional_emails,
    nullif(property.firstname, '') as first_name,
    nullif(property.lastname, '') as last_name,
    nullif(property.phone, '') as phone,
    nullif(property.mobilephone, '') as mobile_phone,
    nullif(property.hs_language, '') as language,
    nullif(property.address, '') as address,
    nullif(property.city, '') as city,
    nullif(property.zip, '') as postal_code,
    nullif(property.country, '') as country,
    nullif(property.date_of_birth, '') as date_of_birth,
    nullif(property.lifecyclestage, '') as lifecycle_stage,
    nullif(property.hs_legal_basis, '') as legal_basis,
    coalesce(property.hs_email_optout = 'true', false) as is_email_opted_out,
    contact.created_at,
    contact.source_updated_at,
    contact.archived_at,
    contact.is_archived,
    contact.is_deleted,
    contact.changed_at as record_changed_at,
    contact.sequence as record_sequence,
    {{ build_number() }} as build_number
from contacts as contact
cross join lateral jsonb_to_record(contact.properties) as property (
    email text,
    hs_additional_emails text,
    firstname text,
    lastname text,
    phone text,
    mobilephone text,
    hs_language text,
    address text,
    city text,
    zip text,
    country text,
    date_of_birth text,
    lifecyclestage text,
    hs_email_optout text,
    hs_legal_basis text,
    hubspot_owner_id text,
    hs_merged_object_ids text
)
