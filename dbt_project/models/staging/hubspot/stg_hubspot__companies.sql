{{ config(
    unique_key='company_id',
    indexes=[
        {'columns': ['company_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('hubspot', 'companies') }}
),

companies as (
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
    company.key as company_id,
    nullif(property.hubspot_owner_id, '') as owner_id,
    array_remove(string_to_array(nullif(property.hs_merged_object_ids, ''), ';'), '') as merged_company_ids,
    nullif(property.name, '') as name,
    nullif(property.domain, '') as domain,
    nullif(property.industry, '') as industry,
    nullif(property.country, '') as country,
    nullif(property.lifecyclestage, '') as lifecycle_stage,
    company.created_at,
    company.source_updated_at,
    company.archived_at,
    company.is_archived,
    company.is_deleted,
    company.changed_at as record_changed_at,
    company.sequence as record_sequence,
    {{ build_number() }} as build_number
from companies as company
cross join lateral jsonb_to_record(company.properties) as property (
    name text,
    domain text,
    industry text,
    country text,
    lifecyclestage text,
    hubspot_owner_id text,
    hs_merged_object_ids text
)
