"""What a connector is: streams declared as data, and `read`, which turns a window and a state into pages of records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import msgspec

State = dict[str, Any]  # JSON: {"watermark": …, "walk": {…}} — its inside belongs to the stream's walk


class RecordContract(msgspec.Struct, frozen=True):
    """The fields of a record that the warehouse relies on, typed. Each stream declares a subclass.

    A record that does not decode into it is quarantined with msgspec's reason; fields that are not named here flow
    into raw untouched. Subclasses implement the three accessors below."""

    def key(self) -> str:
        """The record's identity within its stream."""
        raise NotImplementedError

    def changed_at(self) -> datetime | None:
        """When the source last changed the record, if it says so."""
        return None

    def is_deleted(self) -> bool:
        """Whether this version says that the record is gone."""
        return False


@dataclass(frozen=True)
class Stream:
    """One endpoint of a vendor, as data."""

    name: str
    contract: type[RecordContract]
    description: str
    volatile: tuple[str, ...] = ()  # top-level fields that change without meaning (never make a new version)
    lookback: timedelta = timedelta(0)  # how far before the watermark a walk reads again
    pool_slots: int = 1
    # What a reconciling walk shows. "whole": all that the vendor has, so a key that it does not meet is gone. "parts":
    # scopes, each of them whole. None: each night's walk is whole already, or nothing can be learnt by walking.
    recheck: Literal["whole", "parts"] | None = None


@dataclass(frozen=True)
class Tombstone:
    """A key that the vendor no longer has (merged away, hard-deleted). Landing writes a deleted version of it."""

    key: str
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Total:
    """How many live records the vendor counts. `slack`: a difference that is nobody's fault (an index that lags)."""

    count: int
    slack: int = 0


@dataclass(frozen=True)
class Page:
    """One page: raw records as bytes, and the state to save in the same transaction that lands them.

    `scope` names the part of the stream that a complete walk restates (a day, a form, "*" for the whole stream). While
    it is set, landing remembers the keys seen; on the page with `scope_complete` the scope's unseen keys become
    tombstones. `scope_begins` says that the walk of the scope starts here: what an earlier one saw is forgotten.
    `total` is how many records the vendor says that there are, in the scope or else in the whole stream; a page carries
    it once all of them were read. `malformed` holds bytes that should have been records but could not be sliced, with
    the reason."""

    records: Sequence[bytes | msgspec.Raw]
    state: State
    tombstones: Sequence[Tombstone] = ()
    scope: str | None = None
    scope_complete: bool = False
    malformed: Sequence[tuple[bytes, str]] = ()
    complete_through: datetime | None = None  # set on a walk's last page: the stream is whole up to here
    scope_begins: bool = False
    total: Total | None = None


@dataclass(frozen=True)
class Window:
    """What to read. `end` is the run's as_of; `start` is set only for a manual re-pull from a date.

    `recheck`: the walk, which begins with an empty state, looks at what the vendor has as a whole, and holds nothing
    back for a later one; of a stream with `Stream.recheck` "parts" only at the parts that no night reads any more."""

    end: datetime
    start: datetime | None = None
    recheck: bool = False


class Pacer(Protocol):
    """One of the vendor's limits, paced: all processes that use the account together send at most their share of it."""

    def wait(self) -> float:
        """Block until one more request may go out; return the seconds waited. `answered` has to follow."""
        ...

    def answered(self, limit: int | None = None) -> None:
        """The request was answered, or given up: the vendor has counted it by now. `limit`: what the reply says that
        the vendor's whole limit is."""
        ...

    def hold(self, seconds: float) -> None:
        """Nobody of this account sends a request that draws on this limit before so many seconds have passed."""
        ...


@dataclass(frozen=True)
class Grant:
    """What a vendor's token endpoint handed out. `expires_at`: seconds since 1970, None for a token without an end."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float | None = None


class TokenStore(Protocol):
    """The tokens of an account that change while it is used, one `Grant` by name, kept for all its processes."""

    def held(self, name: str) -> Grant | None:
        """The latest grant, if there was one."""
        ...

    def renew(self, name: str, used: Grant | None, ask: Callable[[], Grant]) -> Grant:
        """Replace `used` by what `ask` gets from the vendor, and keep that. One process at a time: who comes second
        gets what the first was given, and asks nobody."""
        ...


class Account(Protocol):
    """What all processes that use one account of a vendor share."""

    def pacer(self, name: str, limit: int, seconds: float, share: float) -> Pacer:
        """The pacer of the limit `name`: `limit` requests in any `seconds`, of which the part `share` (0 to 1) is ours,
        rounded down, one request at least. What replies say of the limit replaces `limit`."""
        ...

    @property
    def tokens(self) -> TokenStore:
        """The account's tokens. Raises ConfigError where they cannot be kept."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait: every wait of the account's connectors comes through here."""
        ...


@dataclass
class Usage:
    """What a run cost the vendor's account; recorded in ops.ingest_runs."""

    requests: int = 0
    bytes: int = 0
    wait_seconds: float = 0.0


class Connector(Protocol):
    """A vendor. Implementations know HTTP and know neither a database nor Airflow."""

    source: ClassVar[str]
    streams: ClassVar[Mapping[str, Stream]]
    usage: Usage

    @classmethod
    def from_config(cls, config: Mapping[str, Any], account: Account | None = None) -> Connector:
        """Build from connection settings: base_url, credentials, `budget_share` (0–1, half by default). `account`: what
        is shared with other processes; None where there are none. Raises ConfigError that names the missing setting."""
        ...

    def read(self, stream: str, window: Window, state: State) -> Iterator[Page]:
        """Walk the stream from `state` (empty at first) up to `window.end`, page by page. Raises RetryableError,
        ConfigError or ContractError; a page that was yielded is never taken back."""
        ...

    def check(self) -> str:
        """One cheap request that proves the credentials; returns a line that names the account."""
        ...


@runtime_checkable
class Confirms(Protocol):
    """A connector that can ask the vendor for single records, because a walk may miss one that changed just now."""

    def still_there(self, stream: str, keys: Sequence[str]) -> set[str] | None:
        """Which of the keys the vendor still has; None for a stream of which it need not be asked."""
        ...


@dataclass(frozen=True)
class Setting:
    """One field of a vendor's connection: what it is called in Airflow and in error messages."""

    name: str
    description: str
    required: bool = True
    secret: bool = False


@dataclass(frozen=True)
class VendorInfo:
    """What the registry knows of a vendor without importing its HTTP code."""

    source: str
    title: str
    connector: str  # dotted path of the Connector class
    settings: tuple[Setting, ...] = field(default_factory=tuple)
    requests_at_once: int = 2  # slots of the vendor's Airflow pool
    account_setting: str | None = None  # the setting that names the account, where base_url is the same for all
