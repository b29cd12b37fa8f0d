"""Nights: which sources belong to one, whether all are in, and whose turn it is to build. Read from ops tables only.

Airflow's asset events merely wake the transform; they never decide, since a deadline run leaves some behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from cx_warehouse.connectors.errors import ConfigError


@dataclass(frozen=True)
class NightState:
    """How a night stands. `waiting_for` lists the sources that are neither in nor given up; `is_built` says whether a
    build was begun since the night was opened, `is_newer` whether a source was settled since that build began."""

    as_of: datetime
    waiting_for: tuple[str, ...]
    failed: tuple[str, ...]
    deadline_passed: bool
    is_built: bool
    is_newer: bool

    @property
    def not_yet(self) -> str | None:
        """Why no build should begin now; None when it is time for one.

        It is time once all sources are settled, or at the deadline; and once more when the late ones have come in."""
        if self.is_built and not (self.is_newer and not self.waiting_for):
            return f"the night of {self.as_of.isoformat()} is built already"
        if self.waiting_for and not self.deadline_passed:
            return f"still waiting for {', '.join(self.waiting_for)}"
        return None


def open_night(connection: psycopg.Connection, as_of: datetime, sources: Sequence[str], deadline: timedelta) -> None:
    """Open (or open again) the night of `as_of`; the deadline is reckoned from now on the database's clock."""
    connection.execute(
        """insert into ops.nights (as_of, sources, deadline_at) values (%s, %s, now() + %s)
           on conflict (as_of) do update set sources = excluded.sources, opened_at = now(),
               deadline_at = excluded.deadline_at, deadline_passed = false""",
        [as_of, list(sources), deadline],
    )
    connection.execute("delete from ops.night_sources where as_of = %s", [as_of])


def settle_source(
    connection: psycopg.Connection,
    as_of: datetime,
    source: str,
    streams: Sequence[str],
    *,
    not_begun: str | None = None,
) -> str:
    """Record that the source is done for the night: succeeded if the last run of each of its `streams` did.

    `not_begun` is why no stream could be begun (the vendor is out of reach, or refused us); each stream then gets a
    failed run that says so. Outside an open night (a manual re-pull) only those runs are recorded. Returns a line that
    says how it went."""
    if not_begun:
        connection.execute(
            """insert into ops.ingest_runs (run_id, source, stream, as_of, status, finished_at, error)
               select gen_random_uuid(), %s, stream, %s, 'failed', now(), %s from unnest(%s::text[]) as stream""",
            [source, as_of, not_begun, list(streams)],
        )
    rows = connection.execute(
        """select wanted.stream, coalesce(run.status, 'failed'), coalesce(run.error, 'did not run')
           from unnest(%s::text[]) as wanted (stream)
           left join lateral (
               select status, error from ops.ingest_runs
               where source = %s and ingest_runs.stream = wanted.stream and as_of = %s
               order by started_at desc limit 1) as run on true""",
        [list(streams), source, as_of],
    ).fetchall()
    failures = [f"{stream}: {error}" for stream, status, error in rows if status != "succeeded"]
    status = "failed" if failures else "succeeded"
    connection.execute(
        """insert into ops.night_sources (as_of, source, status, error)
           select as_of, %s, %s, %s from ops.nights where as_of = %s
           on conflict (as_of, source) do update
               set status = excluded.status, error = excluded.error, settled_at = now()
        """,
        [source, status, "; ".join(failures) or None, as_of],
    )
    return f"{source}: {status}" + (f" ({'; '.join(failures)})" if failures else "")


def night_state(connection: psycopg.Connection, as_of: datetime | None = None) -> NightState:
    """How the night of `as_of` (by default the one opened last) stands. Raises ConfigError when there is none."""
    row = connection.execute(
        """select as_of, deadline_passed or deadline_at <= now(),
               array(select source from unnest(sources) as source
                     where not exists (select from ops.night_sources as done
                         where done.as_of = nights.as_of and done.source = source.source)),
               array(select source from ops.night_sources as done
                     where done.as_of = nights.as_of and done.status = 'failed' order by source),
               build.started_at is not null,
               exists (select from ops.night_sources as done
                   where done.as_of = nights.as_of and done.settled_at > build.started_at)
           from ops.nights
           left join lateral (
               select max(started_at) as started_at from ops.builds
               where builds.as_of = nights.as_of and started_at >= nights.opened_at) as build on true
           where as_of = coalesce(%s, as_of) order by opened_at desc limit 1""",
        [as_of],
    ).fetchone()
    if row is None:
        which = f"as of {as_of.isoformat()}" if as_of else "yet"
        raise ConfigError(f"there is no night {which}; trigger the DAG 'night' first")
    found, deadline_passed, waiting, failed, is_built, is_newer = row
    return NightState(found, tuple(waiting), tuple(failed), deadline_passed, is_built, is_newer)


def pass_deadline(connection: psycopg.Connection, as_of: datetime) -> None:
    """Record that the night goes on with what is in."""
    connection.execute("update ops.nights set deadline_passed = true where as_of = %s", [as_of])
