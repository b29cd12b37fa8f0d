{{ config(
    unique_key='deal_id',
    indexes=[
        {'columns': ['deal_id'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('hubspot', 'deals') }}
),

deals as (
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
    deal.key as deal_id,
    nullif(property.hubspot_owner_id, '') as owner_id,
    array_remove(string_to_array(nullif(property.hs_merged_object_ids, ''), ';'), '') as merged_deal_ids,
    nullif(property.dealname, '') as name,
    nullif(property.pipeline, '') as pipeline_id,
    nullif(property.dealstage, '') as stage_id,
    nullif(property.deal_currency_code, '') as currency_code,
    {{ try_numeric('property.amount') }} as amount,
    coalesce(nullif(property.hs_is_closed, '') = 'true', property.dealstage like 'closed%', false) as is_closed,
    coalesce(nullif(property.hs_is_closed_won, '') = 'true', property.dealstage = 'closedwon', false) as is_closed_won,
    {{ try_timestamptz('property.closedate') }} as closed_at,
    deal.created_at,
    deal.source_updated_at,
    deal.archived_at,
    deal.is_archived,
    deal.is_deleted,
    deal.changed_at as record_changed_at,
    deal.sequence as record_sequence,
    {{ build_number() }} as build_number
from deals as deal
cross join lateral jsonb_to_record(deal.properties) as property (
    dealname text,
    amount text,
    deal_currency_code text,
    pipeline text,
    dealstage text,
    hs_is_closed text,
    hs_is_closed_won text,
    closedate text,
    hubspot_owner_id text,
    hs_merged_object_ids text
)
