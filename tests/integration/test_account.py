"""The account that tasks share in the database: one budget for all, tokens that are never lost, nothing in clear."""

from __future__ import annotations

import base64
import logging
import multiprocessing
import os
import signal
import threading
import time
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Grant, Window
from cx_warehouse.connectors.errors import ConfigError, RetryableError
from cx_warehouse.connectors.http.auth import App
from cx_warehouse.landing import ingest
from cx_warehouse.landing.account import PostgresAccount
from sandbox.testing import running
from tests.conftest import Warehouse
from tests.nights import Nights

SPAWN = multiprocessing.get_context("spawn")
KEY = base64.urlsafe_b64encode(b"the same key in every process...").decode()


@pytest.fixture
def dsn(warehouse: Warehouse, nights: Nights) -> str:
    """The warehouse as tasks reach it."""
    return warehouse.dsn("cx_loader")


def account(dsn: str, name: str = "acme.zendesk.com", keys: str = KEY) -> PostgresAccount:
    return PostgresAccount(dsn, "zendesk", name, token_keys=keys)


# --- limits ---
def test_two_tasks_share_one_window_and_another_account_has_its_own(dsn: str) -> None:
    one, other = (account(dsn).pacer("exports", 4, 0.6, 0.5) for _ in range(2))
    for pacer in (one, other):
        assert pacer.wait() == 0
        pacer.answered()
    assert 0.3 < one.wait() <= 0.7
    assert account(dsn, "other.zendesk.com").pacer("exports", 4, 0.6, 0.5).wait() == 0
    assert account(dsn).pacer("requests", 4, 0.6, 0.5).wait() == 0


def test_a_hold_and_a_told_limit_reach_every_task(dsn: str, warehouse: Warehouse) -> None:
    one, other = (account(dsn).pacer("exports", 100, 60, 0.5) for _ in range(2))
    one.wait()
    one.hold(0.5)
    one.answered(limit=30)
    assert 0.3 < other.wait() <= 0.6
    assert warehouse.rows("select told_limit, granted from ops.request_budgets") == [(30, 15)]


def test_nothing_is_locked_and_no_transaction_is_open_while_a_task_waits(dsn: str, warehouse: Warehouse) -> None:
    pacer = account(dsn).pacer("exports", 1, 1.5, 1)
    pacer.wait()
    pacer.answered()
    waiting = threading.Thread(target=pacer.wait)
    waiting.start()
    time.sleep(0.4)
    states = warehouse.rows("select state from pg_stat_activity where application_name = 'cx account zendesk'")
    assert waiting.is_alive() and set(states) == {("idle",)}
    waiting.join()


def _die(dsn: str) -> None:
    account(dsn).pacer("exports", 1, 0.3, 1).wait()
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_task_that_was_killed_with_a_request_under_way_gives_its_place_back(dsn: str) -> None:
    process = SPAWN.Process(target=_die, args=[dsn])
    process.start()
    process.join()
    began = time.monotonic()
    account(dsn).pacer("exports", 1, 0.3, 1).wait()
    assert 0.2 < time.monotonic() - began < 3  # a window from when its death was seen, not for ever


def test_a_database_that_is_away_or_not_prepared_is_named() -> None:
    with pytest.raises(RetryableError, match=r"zendesk: the account's request budget .* out of reach"):
        account("host=127.0.0.1 port=9 connect_timeout=2").pacer("exports", 4, 60, 0.5).wait()


def test_a_warehouse_without_the_table_is_named(dsn: str, warehouse: Warehouse) -> None:
    warehouse.rows("drop table ops.request_budgets")
    with pytest.raises(ConfigError, match=r'not prepared .*"ops\.request_budgets" does not exist'):
        account(dsn).pacer("exports", 4, 60, 0.5).wait()


def test_the_session_is_opened_again_after_the_database_dropped_it(dsn: str, warehouse: Warehouse) -> None:
    pacer = account(dsn).pacer("exports", 100, 60, 0.5)
    pacer.wait()
    warehouse.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cx account zendesk'"
    )
    with pytest.raises(RetryableError):
        pacer.answered()
    assert pacer.wait() == 0


# --- tokens ---
class Vendor:
    """A token endpoint whose refresh tokens are good once. Counts in the database, so that processes share it."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def ask(self, used: Grant | None) -> Grant:
        shown = used.refresh_token if used else "r0"
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            number = int(shown[1:]) + 1
            good = connection.execute("update vendor set good = %s where good = %s", [f"r{number}", shown]).rowcount
        if not good:
            raise ConfigError(f"{shown} was used before")
        time.sleep(0.05)
        return Grant(f"a{number}", f"r{number}", None)


@pytest.fixture
def vendor(warehouse: Warehouse) -> Vendor:
    warehouse.rows("create table vendor (good text); insert into vendor values ('r0')")
    return Vendor(warehouse.dsn())


def _renew_often(dsn: str, owner: str, times: int, said: Any) -> None:
    tokens, vendor = account(dsn).tokens, Vendor(owner)
    try:
        for _ in range(times):
            used = tokens.held("oauth")
            tokens.renew("oauth", used, lambda used=used: vendor.ask(used))
    except Exception as error:
        said.put(repr(error))


def test_tasks_that_renew_at_once_never_lose_the_rotated_token(dsn: str, vendor: Vendor, warehouse: Warehouse) -> None:
    said = SPAWN.Queue()
    tasks = [SPAWN.Process(target=_renew_often, args=[dsn, warehouse.dsn(), 5, said]) for _ in range(4)]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    assert said.empty(), said.get()
    held = account(dsn).tokens.held("oauth")
    assert held is not None and held.refresh_token == warehouse.value("select good from vendor")
    renewals = int(held.refresh_token[1:])
    assert 5 <= renewals <= 20
    assert warehouse.value("select version from ops.tokens") == renewals


def test_who_comes_second_reads_what_the_first_was_given(dsn: str, vendor: Vendor) -> None:
    first, second = account(dsn).tokens, account(dsn).tokens
    given = first.renew("oauth", None, lambda: vendor.ask(None))
    assert second.renew("oauth", None, lambda: pytest.fail("asked again")) == given
    renewed = second.renew("oauth", given, lambda: vendor.ask(given))
    assert first.renew("oauth", given, lambda: pytest.fail("asked again")) == renewed == first.held("oauth")


def test_a_new_token_is_kept_although_the_database_was_away_just_then(
    dsn: str, vendor: Vendor, warehouse: Warehouse
) -> None:
    def ask() -> Grant:
        warehouse.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cx account zendesk'"
        )
        return vendor.ask(None)

    given = account(dsn).tokens.renew("oauth", None, ask)
    assert account(dsn).tokens.held("oauth") == given


def test_a_writer_without_the_lock_does_not_overwrite_a_newer_token(dsn: str) -> None:
    tokens = account(dsn).tokens
    newer = Grant("a2", "r2", None)

    def overtaken() -> Grant:
        tokens._keep("oauth", 0, newer)  # as a task whose lock was lost with its session
        return Grant("a1", "r1", None)

    assert tokens.renew("oauth", None, overtaken) == newer == tokens.held("oauth")


def test_a_refused_renewal_lets_the_next_task_try(dsn: str) -> None:
    def refused() -> Grant:
        raise ConfigError("refused")

    with pytest.raises(ConfigError, match="refused"):
        account(dsn).tokens.renew("oauth", None, refused)
    assert account(dsn).tokens.renew("oauth", None, lambda: Grant("a", "r", 5.0)) == Grant("a", "r", 5.0)


def test_nothing_is_kept_in_clear_and_only_the_loader_reads_it(dsn: str, warehouse: Warehouse) -> None:
    account(dsn).tokens.renew("oauth", None, lambda: Grant("plain-access", "plain-refresh", None))
    [kept] = warehouse.rows("select tokens::text from ops.tokens")
    assert "plain" not in kept[0]
    for role in ("cx_builder", "cx_publisher", "cx_reader", "cx_reader_pii"):
        with psycopg.connect(warehouse.dsn(role)) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute("select * from ops.tokens")


def _die_while_asking(dsn: str) -> None:
    account(dsn).tokens.renew("oauth", None, lambda: os.kill(os.getpid(), signal.SIGKILL))  # type: ignore[arg-type]


def test_a_task_that_was_killed_while_it_asked_keeps_nobody_out(dsn: str) -> None:
    process = SPAWN.Process(target=_die_while_asking, args=[dsn])
    process.start()
    process.join()
    began = time.monotonic()
    assert account(dsn).tokens.renew("oauth", None, lambda: Grant("a", "r", None)) == Grant("a", "r", None)
    assert time.monotonic() - began < 5


def test_a_run_with_tokens_that_change_leaves_none_in_clear(
    dsn: str, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with running(customers=20, days=10, plans={"typeform": {"requests_per_second": 1000}}) as sandbox:
        app = sandbox.credentials.typeform.app
        config = {
            "base_url": sandbox.urls["typeform"],
            "client_id": app.client_id,
            "token": app.client_secret,
            "refresh_token": app.refresh_token,
            "requests_per_second": 1000,
        }
        tokens = []
        with caplog.at_level(logging.DEBUG):
            for stream in ("forms", "responses"):
                shared = PostgresAccount(dsn, "typeform", "one", token_keys=KEY)
                connector = registry.connect("typeform", config, shared)
                assert ingest(connector, stream, Window(sandbox.world.now()), dsn, account="one").counts.records
                held = shared.tokens.held(App(app.client_id, app.client_secret, app.refresh_token).name)
                tokens.append(held)
        assert tokens[0] == tokens[1] is not None  # both tasks used the one that the first was given
    tables = warehouse.rows(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('ops', 'raw_typeform') and table_type = 'BASE TABLE'"
    )
    shown = caplog.text
    for (table,) in tables:
        shown += str(warehouse.rows(f"select t::text from {table} as t"))
    assert "oauth/token" in shown and len(tables) > 5
    secrets = (app.client_secret, app.refresh_token, tokens[0].access_token, tokens[0].refresh_token)
    assert not [secret for secret in secrets if secret in shown]


def test_keys_are_changed_by_putting_the_new_one_first(dsn: str) -> None:
    account(dsn).tokens.renew("oauth", None, lambda: Grant("a1", "r1", None))
    newer = Fernet.generate_key().decode()
    with pytest.raises(ConfigError, match="encrypted with another key: add the former one to CX_TOKEN_KEY"):
        account(dsn, keys=newer).tokens.held("oauth")
    both = account(dsn, keys=f"{newer}, {KEY}").tokens
    both.renew("oauth", both.held("oauth"), lambda: Grant("a2", "r2", None))
    assert account(dsn, keys=newer).tokens.held("oauth") == Grant("a2", "r2", None)


@pytest.mark.parametrize("keys", ["", "not a key"])
def test_without_a_good_key_nothing_is_asked_of_the_vendor(dsn: str, keys: str) -> None:
    with pytest.raises(ConfigError, match="CX_TOKEN_KEY"):
        _ = account(dsn, keys=keys).tokens
