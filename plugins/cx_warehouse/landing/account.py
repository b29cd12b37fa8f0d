"""What all tasks that use one vendor account share, in the warehouse's database: its limits, and its tokens.

Each look at them is a transaction of milliseconds; nothing is held while a task waits. The database's clock is the only
one, so that machines with different clocks keep to the same windows."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from psycopg import errors as pg

from cx_warehouse.connectors.base import Grant, Pacer, TokenStore
from cx_warehouse.connectors.errors import ConfigError, RetryableError
from cx_warehouse.connectors.http.pacing import SlidingLog, WaitLog, granted

LOCK_SECONDS = 120.0  # for another task that is asking the vendor for a token
KEEP_SECONDS = 60.0  # a new token is tried to be written for so long: the vendor may have ended the former
FORGOTTEN_DAYS = 90  # tokens of a connection that was changed since


class PostgresAccount:
    """One vendor account. `token_keys`: Fernet keys, separated by commas; the first one encrypts, all decrypt."""

    def __init__(self, dsn: str, source: str, account: str, *, token_keys: str = "") -> None:
        self.source, self.account = source, account
        self._session = Session(dsn, source)
        self._token_keys = token_keys

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def pacer(self, name: str, limit: int, seconds: float, share: float) -> Pacer:
        """The pacer of the limit `name`, shared with every process that has the same account."""
        return PostgresPacer(self._session, (self.source, self.account, name), limit, seconds, share)

    @property
    def tokens(self) -> TokenStore:
        """The account's tokens. Raises ConfigError without a key to encrypt them."""
        try:
            keys = [Fernet(key.strip()) for key in self._token_keys.split(",") if key.strip()]
        except ValueError:
            raise ConfigError(
                f"{self.source}: the key for tokens is not a Fernet key: mend CX_TOKEN_KEY, or Airflow's fernet_key"
            ) from None
        if not keys:
            raise ConfigError(
                f"{self.source}: refresh_token needs a key to keep its successors: set CX_TOKEN_KEY, or Airflow's "
                "fernet_key"
            )
        return PostgresTokens(self._session, self.source, self.account, MultiFernet(keys))


class Session:
    """A connection that is opened when it is first needed, and again after the database was away."""

    def __init__(self, dsn: str, source: str) -> None:
        self._dsn, self.source = dsn, source
        self._connection: psycopg.Connection | None = None
        self._lock = threading.RLock()
        self.who = ""  # this session, so that others can tell whether it still lives

    @contextlib.contextmanager
    def open(self) -> Iterator[psycopg.Connection]:
        """The connection, in autocommit. Raises RetryableError while the database is away, ConfigError where it was
        not prepared."""
        with self._lock:
            try:
                yield self._connected()
            except (pg.UndefinedTable, pg.InsufficientPrivilege) as error:
                said = error.diag.message_primary
                raise ConfigError(f"{self.source}: the warehouse's database is not prepared for this: {said}") from None
            except psycopg.OperationalError as error:
                self.close()
                raise RetryableError(
                    f"{self.source}: the account's request budget and tokens are kept in the warehouse's database, "
                    f"which is out of reach ({type(error).__name__})"
                ) from None

    def close(self) -> None:
        """Give the connection up."""
        with self._lock, contextlib.suppress(psycopg.Error):
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            connection = psycopg.connect(self._dsn, autocommit=True, application_name=f"cx account {self.source}")
            row = connection.execute(
                "select pid || '@' || extract(epoch from backend_start) from pg_stat_activity "
                "where pid = pg_backend_pid()"
            ).fetchone()
            self.who = row[0] if row else ""
            self._connection = connection
        return self._connection


class PostgresPacer:
    """One limit, kept to by every process that uses the account."""

    def __init__(self, session: Session, key: tuple[str, str, str], limit: int, seconds: float, share: float) -> None:
        self._session, self._key = session, key
        self._limit, self._seconds, self._share = limit, seconds, share
        self._waits = WaitLog(f"{key[0]} {key[2]}")

    def wait(self) -> float:
        """Block until one more request may go out; return the seconds waited."""
        waited = 0.0
        while True:
            with self._row() as (sliding, now, limit):
                why = "the vendor asked for it" if sliding.is_held(now) else "share of the limit used"
                pause = sliding.take(now, granted(limit, self._share), self._seconds, self._session.who)
            if pause <= 0:
                return waited
            self._waits.ahead(pause, why)
            time.sleep(pause)
            self._waits.done(pause, why)
            waited += pause

    def answered(self, limit: int | None = None) -> None:
        """The request was answered; `limit` is what the reply says of the whole limit."""
        with self._row(limit) as (sliding, now, _):
            sliding.end(now, self._session.who)

    def hold(self, seconds: float) -> None:
        """Let nothing of this account out for so many seconds."""
        with self._row() as (sliding, now, _):
            sliding.hold(now + seconds)

    @contextlib.contextmanager
    def _row(self, told: int | None = None) -> Iterator[tuple[SlidingLog, float, int]]:
        """The limit's log under the row's lock, the database's clock and the limit; the log is written back."""
        with self._session.open() as connection, connection.transaction():
            connection.execute(
                """insert into ops.request_budgets (source, account, name, granted, window_seconds)
                   values (%s, %s, %s, %s, %s) on conflict do nothing""",
                [*self._key, granted(self._limit, self._share), self._seconds],
            )
            row = connection.execute(
                """select told_limit, answered, under_way, held_until from ops.request_budgets
                   where source = %s and account = %s and name = %s for update""",
                self._key,
            ).fetchone()
            # read after the lock was got: whoever held it may have kept us waiting
            clock = connection.execute(
                """select extract(epoch from clock_timestamp())::float8, array(
                       select pid || '@' || extract(epoch from backend_start) from pg_stat_activity
                       where pid || '@' || extract(epoch from backend_start) = any (%s))""",
                [row[2] if row else []],
            ).fetchone()
            assert row is not None and clock is not None
            told_limit, answered, under_way, held_until = row
            now, living = clock
            sliding = SlidingLog(
                [at.timestamp() for at in answered], list(under_way), held_until.timestamp() if held_until else None
            )
            for who in under_way:
                if who not in living:  # its process died: whatever it sent is on its way by now
                    sliding.end(now, who)
            limit = told or told_limit or self._limit
            yield sliding, now, limit
            connection.execute(
                """update ops.request_budgets set granted = %s, window_seconds = %s, told_limit = %s, answered = %s,
                       under_way = %s, held_until = %s where source = %s and account = %s and name = %s""",
                [
                    granted(limit, self._share),
                    self._seconds,
                    told or told_limit,
                    [_moment(at) for at in sliding.answered],
                    sliding.under_way,
                    _moment(sliding.held_until) if sliding.held_until else None,
                    *self._key,
                ],
            )


class PostgresTokens:
    """The account's tokens: encrypted before they reach the database, replaced by one task at a time."""

    def __init__(self, session: Session, source: str, account: str, fernet: MultiFernet) -> None:
        self._session, self._source, self._account, self._fernet = session, source, account, fernet

    def held(self, name: str) -> Grant | None:
        """The latest grant, if there was one."""
        return self._read(name)[0]

    def renew(self, name: str, used: Grant | None, ask: Callable[[], Grant]) -> Grant:
        """Replace `used` by what `ask` gets, unless another task has replaced it already."""
        with self._alone(name):
            held, version = self._read(name)
            if held is not None and held != used:
                return held
            return self._keep(name, version, ask())

    def _read(self, name: str) -> tuple[Grant | None, int]:
        with self._session.open() as connection:
            row = connection.execute(
                "select sealed, version from ops.tokens where source = %s and account = %s and name = %s",
                [self._source, self._account, name],
            ).fetchone()
        return (self._opened(row[0]), row[1]) if row else (None, 0)

    def _keep(self, name: str, version: int, grant: Grant) -> Grant:
        """Write the grant if the kept one is still the one that it replaces; who came first is read otherwise."""
        deadline = time.monotonic() + KEEP_SECONDS
        while True:
            try:
                with self._session.open() as connection:
                    written = connection.execute(
                        """insert into ops.tokens as kept (source, account, name, sealed) values (%s, %s, %s, %s)
                           on conflict (source, account, name) do update
                           set sealed = excluded.sealed, version = kept.version + 1, renewed_at = now()
                           where kept.version = %s""",
                        [self._source, self._account, name, self._sealed(grant), version],
                    ).rowcount
                    connection.execute(
                        """delete from ops.tokens where source = %s and account = %s
                               and renewed_at < now() - make_interval(days => %s)""",
                        [self._source, self._account, FORGOTTEN_DAYS],
                    )
            except RetryableError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.5)
                continue
            if written:
                return grant
            return self._read(name)[0] or grant

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """One task at a time: a second one that showed the same refresh token would be refused, or end the first's."""
        key = f"cx:tokens:{self._source}.{self._account}.{name}"
        deadline = time.monotonic() + LOCK_SECONDS
        while not self._ask_lock("select pg_try_advisory_lock(hashtextextended(%s, 0))", key):
            if time.monotonic() >= deadline:
                raise RetryableError(
                    f"{self._source}: another task has been renewing the token for {LOCK_SECONDS:.0f} s"
                )
            time.sleep(0.1)
        try:
            yield
        finally:
            with contextlib.suppress(RetryableError):
                self._ask_lock("select pg_advisory_unlock(hashtextextended(%s, 0))", key)

    def _ask_lock(self, statement: str, key: str) -> bool:
        with self._session.open() as connection:
            row = connection.execute(statement, [key]).fetchone()
        return bool(row and row[0])

    def _sealed(self, grant: Grant) -> str:
        plain = {"access": grant.access_token, "refresh": grant.refresh_token, "expires_at": grant.expires_at}
        return self._fernet.encrypt(json.dumps(plain).encode()).decode()

    def _opened(self, sealed: str) -> Grant:
        try:
            plain = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise ConfigError(
                f"{self._source}: the kept tokens were encrypted with another key: add the former one to CX_TOKEN_KEY, "
                f"after a comma, or authorize anew and put the new refresh_token into connection {self._source!r}"
            ) from None
        return Grant(plain["access"], plain["refresh"], plain["expires_at"])


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
