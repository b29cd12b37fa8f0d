"""From a raw record to a candidate version: its key, times and hash, or the reason why it cannot be landed."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from uuid import UUID

import msgspec

from cx_warehouse.connectors.base import RecordContract
from cx_warehouse.landing.loose_key import loose_key

MAX_KEY_BYTES = 512  # a B-tree entry holds at most a third of a page

# A version as a row of COPY's binary format: no character of the record has to be escaped by us or looked at by COPY's
# own parser. `row_head`, the record's bytes, `row_tail` and `row_end` make the row.
COLUMNS = "key, record, changed_at, content_hash, is_deleted, run_id, scope"
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), struct.pack(">h", -1)
_JSONB_VERSION = 1
_TAIL = struct.Struct(">iqi16si?")  # lengths are 32 bits, -1 stands for null
_TAIL_UNDATED = struct.Struct(">ii16si?")
_POSTGRES_EPOCH, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(slots=True)
class Version:
    """A record that decoded into its contract."""

    key: str
    raw: bytes
    content_hash: bytes  # of the bytes as served: equal bytes need no comparison of content
    is_deleted: bool
    row_head: bytes
    row_tail: bytes


@dataclass(slots=True)
class Reject:
    """A record that goes to quarantine. `key` is None where not even that could be read."""

    raw: bytes
    reason: str
    key: str | None = None


class Preparer:
    """Decodes records into a stream's contract. `latest_plausible` bounds when a record was made and last changed: one
    from the year 9999 would bend every age and trend that it enters."""

    def __init__(self, contract: type[RecordContract], latest_plausible: datetime) -> None:
        self._contract = contract
        self._decoder = msgspec.json.Decoder(contract)
        self._latest_plausible = latest_plausible
        tells_creation = "created_at" in contract.__struct_fields__
        self._creation: Callable[[RecordContract], datetime | None] = (
            attrgetter("created_at") if tells_creation else lambda _: None
        )

    def prepare(self, records: Iterable[bytes | msgspec.Raw]) -> tuple[list[Version], list[Reject]]:
        """Split records into versions, in the order served, and rejects."""
        versions: list[Version] = []
        rejects: list[Reject] = []
        decode, latest, creation = self._decoder.decode, self._latest_plausible, self._creation
        blake2b, pack_head = hashlib.blake2b, struct.pack
        pack_tail, pack_undated = _TAIL.pack, _TAIL_UNDATED.pack
        for record in records:
            raw = bytes(record)
            try:
                decoded = decode(raw)
                key = decoded.key()
                changed_at = decoded.changed_at()
                is_deleted = decoded.is_deleted()
                encoded = key.encode()
            except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError, OverflowError) as error:
                rejects.append(
                    Reject(raw, f"contract: {error or type(error).__name__}", loose_key(self._contract, raw))
                )
                continue
            length = len(encoded)
            if not key or "\0" in key:
                rejects.append(Reject(raw, "contract: the key is empty or holds a null character"))
                continue
            if length > MAX_KEY_BYTES:
                rejects.append(Reject(raw, f"contract: the key is longer than {MAX_KEY_BYTES} bytes"))
                continue
            created_at = creation(decoded)
            if (changed_at is not None and (changed_at.tzinfo is None or changed_at > latest)) or (
                created_at is not None and (created_at.tzinfo is None or created_at > latest)
            ):
                reason = _implausible("changed", changed_at, latest) or _implausible("created", created_at, latest)
                rejects.append(Reject(raw, f"contract: {reason}", key))
                continue
            content_hash = blake2b(raw, digest_size=16).digest()
            head = pack_head(f">hi{length}siB", 7, length, encoded, len(raw) + 1, _JSONB_VERSION)
            if changed_at is None:
                tail = pack_undated(-1, 16, content_hash, 1, is_deleted)
            else:
                tail = pack_tail(8, (changed_at - _POSTGRES_EPOCH) // _MICROSECOND, 16, content_hash, 1, is_deleted)
            versions.append(Version(key, raw, content_hash, is_deleted, head, tail))
        return versions, rejects


def _implausible(what: str, at: datetime | None, latest: datetime) -> str | None:
    if at is None:
        return None
    if at.tzinfo is None:
        return f"{what} at a time without its zone"
    if at > latest:
        return f"{what} at {at.isoformat()}, in the future"
    return None


def with_record(version: Version, raw: bytes) -> Version:
    """The version with another record in it. Its hash stays that of the bytes as served, which it is known by."""
    encoded = version.key.encode()
    length = len(encoded)
    head = struct.pack(f">hi{length}siB", 7, length, encoded, len(raw) + 1, _JSONB_VERSION)
    return replace(version, raw=raw, row_head=head)


def copy_data(versions: Iterable[Version], run_id: str, scope: str | None) -> bytes:
    """The versions as binary COPY input of COLUMNS."""
    area = b"" if scope is None else scope.encode()
    row_end = struct.pack(">i16si", 16, UUID(run_id).bytes, -1 if scope is None else len(area)) + area
    parts = [_HEADER]
    for version in versions:
        parts += (version.row_head, version.raw, version.row_tail, row_end)
    parts.append(_TRAILER)
    return b"".join(parts)
