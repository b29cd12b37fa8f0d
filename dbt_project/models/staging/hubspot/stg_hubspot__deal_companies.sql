{{ config(
    unique_key='deal_company_key',
    indexes=[
        {'columns': ['deal_company_key'], 'unique': true},
        {'columns': ['record_sequence']},
        {'columns': ['build_number']},
    ],
) }}

with versions as (
    {{ latest_versions('hubspot', 'deal_companies') }}
),

links as (
    select
        versions.key,
        versions.is_deleted,
        versions.changed_at,
        versions.sequence,
        field.from_id,
        field.association
    from versions
    cross join lateral jsonb_to_record(versions.record) as field (
        from_id text,
        association jsonb
    )
)

select
    link.key as deal_company_key,
    link.from_id as deal_id,
    far_end."toObjectId" as company_id,
    far_end."associationTypes" as association_types,
    -- HubSpot's own type of the primary company; the label beside it is translated
    far_end."associationTypes" @> '[{"category": "HUBSPOT_DEFINED", "typeId": 5}]'::jsonb as is_primary,
    link.is_deleted,
    link.changed_at as record_changed_at,
    link.sequence as record_sequence,
    {{ build_number() }} as build_number
from links as link
cross join lateral jsonb_to_record(link.association) as far_end (
    "toObjectId" text,
    "associationTypes" jsonb
)
