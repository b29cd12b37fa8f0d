{#
    The latest version of each raw record that this build has to look at: key, record, changed_at, is_deleted, sequence.

    The upper bound is the high water frozen when the build began, so that a vendor that lands late cannot move the
    ground under a running build. The lower bound is what this table already holds. Deleted records stay in, marked.
    A build by hand (build_number 0) has no frozen bound and reads all there is.
#}
{% macro latest_versions(source_name, stream) -%}
    {{ return(adapter.dispatch('latest_versions')(source_name, stream)) }}
{%- endmacro %}


{% macro raw_frozen(source_name, stream, alias) -%}
    true
    {%- if told('build_number') | int > 0 %}
        and {{ alias }}.sequence <= (
            select high_water.sequence
            from {{ source('ops', 'build_high_water') }} as high_water
            where high_water.build_number = {{ build_number() }}
                and high_water.source = '{{ source_name }}'
                and high_water.stream = '{{ stream }}'
        )
    {%- endif %}
{%- endmacro %}


{% macro raw_window(source_name, stream, alias) -%}
    {{ raw_frozen(source_name, stream, alias) }}
    {%- if is_incremental() %}
        and {{ alias }}.sequence > (select coalesce(max(held.record_sequence), 0) from {{ this }} as held)
    {%- endif %}
{%- endmacro %}


{% macro default__latest_versions(source_name, stream) -%}
    select
        versions.key,
        versions.record,
        versions.changed_at,
        versions.is_deleted,
        versions.sequence
    from (
        select
            *,
            row_number() over (partition by key order by sequence desc) as newest_first
        from {{ source(source_name, stream) }} as raw_record
        where {{ raw_window(source_name, stream, 'raw_record') }}
    ) as versions
    where versions.newest_first = 1
{%- endmacro %}


{% macro postgres__latest_versions(source_name, stream) -%}
    {#- distinct on sorts narrow index entries, where row_number() would sort whole records. The window stands on both
        sides so that the block range index on sequence narrows both -#}
    select
        raw_record.key,
        raw_record.record,
        raw_record.changed_at,
        raw_record.is_deleted,
        raw_record.sequence
    from (
        select distinct on (version.key) version.sequence
        from {{ source(source_name, stream) }} as version
        where {{ raw_window(source_name, stream, 'version') }}
        order by version.key, version.sequence desc
    ) as newest
    inner join {{ source(source_name, stream) }} as raw_record on newest.sequence = raw_record.sequence
    where {{ raw_window(source_name, stream, 'raw_record') }}
{%- endmacro %}


{#
    Every version, oldest first known, of the records that this build has to look at: key, record, changed_at,
    is_deleted, sequence. For what a record held before, which its latest version no longer says.
#}
{% macro all_versions(source_name, stream) -%}
    {{ return(adapter.dispatch('all_versions')(source_name, stream)) }}
{%- endmacro %}


{% macro default__all_versions(source_name, stream) -%}
    select
        raw_record.key,
        raw_record.record,
        raw_record.changed_at,
        raw_record.is_deleted,
        raw_record.sequence
    from {{ source(source_name, stream) }} as raw_record
    where
        raw_record.key in (
            select version.key
            from {{ source(source_name, stream) }} as version
            where {{ raw_window(source_name, stream, 'version') }}
        )
        and {{ raw_frozen(source_name, stream, 'raw_record') }}
{%- endmacro %}
