"""The expectations that hold for every raw stream: nothing is lost, nothing is silent, nothing is from the future.

They look at what is new since the last published build, so their cost follows the night and not the history. A vendor
that misbehaves warns; only what would make the increments wrong without a trace is critical."""

from __future__ import annotations

from dataclasses import dataclass

from cx_warehouse.quality.suite import Dataset, Suite, figure, none_of, rows

# landing's contract with every model (landing.raw_tables)
COLUMNS = (
    "changed_at", "content_hash", "extracted_at", "is_deleted", "key", "record", "run_id", "scope", "sequence",
)  # fmt: skip
LOOKED_AT = 2000  # newest records in which fields are looked for: enough to miss one that is gone, cheap at any size
FEW_RECORDS = 25  # below so many, a field's absence says nothing
NIGHTS_KNOWN = 5  # nights of experience before a volume is called unusual
FEW_USUAL = 50  # a stream that usually brings less has no usual volume


@dataclass(frozen=True)
class RawStream:
    """A stream and the fields of its records that models read: dotted paths, as the vendor names them."""

    name: str
    fields: tuple[str, ...] = ()


def raw_suite(source: str, streams: tuple[RawStream, ...]) -> Suite:
    """The suite of one source."""
    return Suite(f"raw.{source}", (_tables(source, streams), *(_stream(source, stream) for stream in streams)))


def _tables(source: str, streams: tuple[RawStream, ...]) -> Dataset:
    wanted = ", ".join(f"'{column}'" for column in sorted(COLUMNS))
    names = ", ".join(f"'{stream.name}'" for stream in streams)
    return rows(
        f"raw_{source}",
        f"""select count(*) as misshapen_tables
            from unnest(array[{names}]) as stream
            where array[{wanted}] is distinct from (
                select array_agg(attname::text order by attname) from pg_attribute
                where attrelid = to_regclass('raw_{source}.' || quote_ident(stream))
                    and attnum > 0 and not attisdropped)""",
        none_of("misshapen_tables", "every raw table has the columns that landing promises"),
    )


def _stream(source: str, stream: RawStream) -> Dataset:
    checks = [
        none_of("versions_lost", "the table still holds all that the last published build read"),
        none_of("keys_missing", "every new version has a key"),
        none_of("changed_ahead", "no record was changed after the night's clock", severity="warning"),
        figure("volume", "as many records came as on the median of the last nights, give or take a factor of ten",
               least=0.1, most=10, severity="warning"),
        figure("quarantined_share", "at most one record in a hundred was refused", most=0.01, severity="warning"),
    ]  # fmt: skip
    if stream.fields:
        checks.append(
            none_of(
                "fields_gone", f"the fields that models read still come: {', '.join(stream.fields)}", severity="warning"
            )
        )
    return rows(f"raw_{source}.{stream.name}", _query(source, stream), *checks)


def _query(source: str, stream: RawStream) -> str:
    gone = " + ".join(
        f"(not bool_or(record #> '{{{{{path.replace('.', ',')}}}}}' is not null))::int" for path in stream.fields
    )
    this = f"source = '{source}' and stream = '{stream.name}'"
    return f"""
        select
            greatest(last_built.sequence - built.sequence, 0) as versions_lost,
            fresh.keys_missing,
            fresh.changed_ahead,
            newest.fields_gone,
            case
                when usual.nights >= {NIGHTS_KNOWN} and usual.records >= {FEW_USUAL} and tonight.runs > 0
                    then tonight.records / usual.records
                else 1
            end as volume,
            coalesce(tonight.quarantined / nullif(tonight.records, 0), 0) as quarantined_share
        from (
            select coalesce(max(sequence), 0) as sequence from ops.build_high_water
            where {this} and build_number = {{build_number}}
        ) as built
        cross join lateral (
            select coalesce(max(sequence), 0) as sequence from ops.build_high_water
            where {this} and build_number = (
                select max(build_number) from ops.builds
                where build_number < {{build_number}} and status = 'published')
                -- a full build starts from nothing, so it may follow a raw table that was restored
                and 'incremental' = (select kind from ops.builds where build_number = {{build_number}})
        ) as last_built
        cross join lateral (
            select
                count(*) filter (where key is null or trim(key) = '') as keys_missing,
                count(*) filter (where changed_at > {{as_of}} + interval '5 minutes') as changed_ahead
            from raw_{source}.{stream.name}
            where sequence > last_built.sequence and sequence <= built.sequence
        ) as fresh
        cross join lateral (
            select case when count(*) >= {FEW_RECORDS} then {gone or "0"} else 0 end as fields_gone
            from raw_{source}.{stream.name}
            where sequence > greatest(last_built.sequence, built.sequence - {LOOKED_AT})
                and sequence <= built.sequence
        ) as newest
        cross join lateral (
            select count(*) as runs, coalesce(sum(records), 0) as records, coalesce(sum(quarantined), 0) as quarantined
            from ops.ingest_runs where {this} and status = 'succeeded' and as_of = {{as_of}}
        ) as tonight
        cross join lateral (
            select count(*) as nights, percentile_cont(0.5) within group (order by records)::numeric as records
            from (
                select sum(records) as records from ops.ingest_runs
                where {this} and status = 'succeeded' and as_of < {{as_of}}
                group by as_of order by as_of desc limit 14
            ) as night
        ) as usual"""
