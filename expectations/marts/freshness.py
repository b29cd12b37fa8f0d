"""What is expected of freshness: every source is as young as promised. A late source warns, and never stops a night."""

from __future__ import annotations

from cx_warehouse.quality.suite import Suite, none_of, one_of, rows, values


def suite() -> Suite:
    """Freshness."""
    return Suite("marts.freshness", (ENABLED, SOURCES))


# Of the sources that belong to this night: one that is switched off is old by decision.
ENABLED = rows(
    "source_freshness",
    """select freshness.*, not freshness.is_stale as is_fresh
        from {marts}.source_freshness as freshness
        join ops.builds as build on build.build_number = {build_number}
        join ops.nights as night on night.as_of = build.as_of and freshness.source = any(night.sources)""",
    one_of("is_fresh", [True], "every source is as young as its target asks", severity="warning"),
    one_of("last_status", ["succeeded"], "every source's last run succeeded", severity="warning"),
    values("age_hours", "no source is whole up to after the night's clock", least=0, severity="warning"),
)

SOURCES = rows(
    "sources counted",
    """select count(*) as sources_unknown
        from (select distinct source from ops.build_high_water where build_number = {build_number}) as frozen
        full join {marts}.source_freshness as shown on shown.source = frozen.source
        where frozen.source is null or shown.source is null""",
    none_of("sources_unknown", "source_freshness has exactly the sources that the build read"),
)
