"""Who may read what is published, and who cannot touch it."""

from __future__ import annotations

import psycopg
import pytest

from cx_warehouse.publishing import PublishError
from tests.nights import Nights


def test_readers_reach_what_is_published_and_nothing_else(nights: Nights) -> None:
    for _ in range(2):
        number = nights.claim()
        nights.prepare(number)
        nights.build(number)
        with nights.session("cx_builder") as builder:
            builder.execute("create table if not exists candidate.bridge_internal as select 1 as one")
        nights.publish(number)
    with nights.session("cx_reader") as reader, nights.session("cx_reader_pii") as pii_reader:
        assert reader.execute("select * from fct_tickets").fetchone()  # by its bare name
        assert pii_reader.execute("select email from dim_customers_personal").fetchone() == ("x",)
        for refused in (
            "select * from marts.dim_customers_personal",
            "select * from marts.bridge_internal",
            "select * from marts_staging.stg_tickets",
            "select * from previous.fct_tickets",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(refused)
        for refused in ("delete from marts.fct_tickets", "create table marts.mine (x int)", "drop table fct_tickets"):
            for session in (reader, pii_reader):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(refused)


def test_stray_grants_do_not_outlive_the_switch(nights: Nights) -> None:
    for _ in range(3):
        number = nights.claim()
        nights.prepare(number)
        nights.build(number)
        nights.admin(
            "grant select on candidate.dim_customers_personal to public",
            "grant select (email) on candidate.dim_customers_personal to cx_reader",
            "grant insert on candidate.fct_tickets to cx_reader with grant option",
            "grant select on candidate_staging.stg_tickets to cx_reader",
        )
        nights.publish(number)
    granted = nights.warehouse.rows(
        """select relname, a.privilege_type from pg_class, aclexplode(relacl) as a
           where relnamespace::regnamespace::text ~ '^(marts|previous)' and a.grantee <> relowner
           and (a.privilege_type <> 'SELECT' or a.grantee = 0 or relname = 'stg_tickets')
           union all select attname, 'column' from pg_attribute where attacl is not null
           and attrelid::regclass::text ~ '^(marts|previous)'"""
    )
    assert granted == []
    with nights.session("cx_reader") as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("select email from marts.dim_customers_personal")


def test_publishing_is_refused_when_readers_may_do_more_by_a_membership(nights: Nights) -> None:
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    nights.admin("grant pg_read_all_data to cx_reader")
    try:
        with pytest.raises(PublishError, match=r"cx_reader on marts\.dim_customers_personal"):
            nights.publish(number)
    finally:
        nights.admin("revoke pg_read_all_data from cx_reader")


def test_builder_cannot_touch_what_is_published(nights: Nights) -> None:
    nights.night()
    number = nights.night()
    with nights.session("cx_builder") as builder:
        for refused in (
            "drop table marts.fct_tickets",
            "delete from marts.fct_tickets",
            "drop table previous.fct_tickets",
            "drop schema marts cascade",
            "alter schema marts rename to mine",
            "create schema candidate",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                builder.execute(refused)
    assert nights.seen() == number
