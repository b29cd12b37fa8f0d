"""What the engineer sets: Airflow connections (secrets), Airflow variables (which sources), environment (schedules)."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.sdk import BaseHook, Variable
from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg.conninfo import make_conninfo

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.errors import ConfigError, RetryableError
from cx_warehouse.landing.account import PostgresAccount
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.orchestration.provider import USER_SETTINGS

# Read while the DAG files are parsed, so they come from the environment, not from the database.
SCHEDULE = os.environ.get("CX_SCHEDULE", "0 2 * * *") or None  # of the night; empty: only when triggered
RETRY_DELAY = timedelta(seconds=float(os.environ.get("CX_RETRY_SECONDS", "300")))
DEADLINE = timedelta(minutes=float(os.environ.get("CX_DEADLINE_MINUTES", "240")))
LIBPQ_EXTRAS = ("sslmode", "sslrootcert", "options")
RECONCILE_SCHEDULE = os.environ.get("CX_RECONCILE_SCHEDULE", "0 12 * * 6") or None  # empty: only when triggered
ERASE_SCHEDULE = os.environ.get("CX_ERASE_SCHEDULE", "0 20 * * *") or None  # empty: only when triggered
POKE_SECONDS = float(os.environ.get("CX_POKE_SECONDS", "30"))


def home() -> Path:
    """The folder for what a night leaves besides the database: dbt's target, documentation."""
    return Path(os.environ.get("CX_HOME", Path.cwd() / ".cx")).resolve()


def enabled_sources() -> tuple[str, ...]:
    """The sources of the Airflow variable `cx_sources` (comma-separated; all registered ones by default)."""
    named = str(Variable.get("cx_sources", default="") or "")
    names = [name.strip() for name in named.split(",") if name.strip()]
    return registry.require_sources(names) if names else registry.SOURCES


def warehouse_dsn(role: str) -> str:
    """The libpq connection string of Airflow connection `cx_warehouse_<role>` (loader, builder, publisher, eraser)."""
    return _dsn(connection(f"cx_warehouse_{role}"))


def _dsn(found: Any) -> str:
    given = {
        "host": found.host,
        "port": found.port,
        "user": found.login,
        "password": found.password,
        "dbname": found.schema,
        **{name: str(found.extra_dejson[name]) for name in LIBPQ_EXTRAS if name in found.extra_dejson},
    }
    return make_conninfo("", **{name: value for name, value in given.items() if value})


def vendor_config(source: str, name: str | None = None) -> dict[str, Any]:
    """The settings of the Airflow connection `name`, by default the one named after the source.

    Its host is base_url, its login and password fill the vendor's user and secret settings, its extra the others."""
    found = connection(name or source)
    config: dict[str, Any] = dict(found.extra_dejson)
    if found.host:
        config.setdefault("base_url", base_url(found))
    settings = registry.vendor(source).settings
    secret = next((setting.name for setting in settings if setting.secret), None)  # the first way to prove oneself
    user = next((setting.name for setting in settings if setting.name in USER_SETTINGS), None)
    for name, value in ((secret, found.password), (user, found.login)):
        if name and value:
            config.setdefault(name, value)
    return config


def base_url(found: Any) -> str:
    """The address that a connection's host, port and schema name; a lone word is left for the connector to complete."""
    host, port = found.host or "", f":{found.port}" if found.port else ""
    is_whole = "://" in host or ("." not in host and not port)
    return host if is_whole else f"{found.schema or 'https'}://{host}{port}"


def account_of(source: str, config: dict[str, Any]) -> str:
    """What tells the vendor's account from another: a cursor is never used for an account that it does not belong to.

    The host without its port, with the setting that the vendor names as its account, if there is one."""
    host = urlsplit(str(config.get("base_url") or "")).hostname or source
    named = registry.vendor(source).account_setting
    return f"{host}/{config[named]}" if named and config.get(named) else host


def shared_account(source: str, config: dict[str, Any]) -> PostgresAccount:
    """What every task that uses this vendor account shares: its limits and its tokens, kept in the warehouse.

    Tokens are encrypted with CX_TOKEN_KEY, or with the key that Airflow encrypts connections with."""
    keys = os.environ.get("CX_TOKEN_KEY") or conf.get("core", "fernet_key", fallback="")
    return PostgresAccount(warehouse_dsn("loader"), source, account_of(source, config), token_keys=keys or "")


def erasure_key() -> ErasureKey | None:
    """The secret of the tombstones: the password of the Airflow connection `cx_erasure`. None where there is none."""
    try:
        return ErasureKey.of(str(BaseHook.get_connection("cx_erasure").password or ""))
    except AirflowNotFoundException:
        return None


def optional_dsn(name: str) -> str | None:
    """The libpq connection string of an Airflow connection that need not be there."""
    try:
        return _dsn(BaseHook.get_connection(name))
    except AirflowNotFoundException:
        return None


def erasure_hooks() -> tuple[Callable[[int], None], ...]:
    """What is told when the database is clean: the address of the Airflow connection `cx_erasure_hook`, if there is
    one, gets the erasure's number by POST. It is for whoever has to empty the dashboards' caches."""
    try:
        found = BaseHook.get_connection("cx_erasure_hook")
    except AirflowNotFoundException:
        return ()

    def tell(erasure_id: int) -> None:
        import requests

        secret = {"Authorization": f"Bearer {found.password}"} if found.password else {}
        answer = requests.post(str(found.host), json={"erasure_id": erasure_id}, headers=secret, timeout=30)
        if not answer.ok:
            raise RetryableError(f"the erasure hook answered {answer.status_code}: caches may still hold the person")

    return (tell,)


def as_of_from(text: str | None) -> datetime:
    """The run's clock from a DAG parameter; now, to the second, without one. The only place that reads the time."""
    if not text:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is not a time; write it like 2026-03-02T02:00:00+00:00") from error
    return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)


def connection(name: str) -> Any:
    """The Airflow connection of that name. Raises ConfigError when there is none."""
    try:
        return BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise ConfigError(f"there is no Airflow connection {name!r}; add it (docs/credentials.md shows how)") from None
