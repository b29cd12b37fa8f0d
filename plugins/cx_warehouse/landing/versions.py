"""From a raw record to a candidate version: its key, times and hash, or the reason why it cannot be landed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cx_warehouse.connectors.base import RecordContract

MAX_KEY_BYTES = 512  # a B-tree entry holds at most a third of a page
# Control characters that COPY is told to delimit and quote with: JSON text cannot contain them unescaped, so nothing
# has to be escaped, which is what makes the COPY cheap.
QUOTE, DELIMITER = b"\x01", b"\x02"


@dataclass(slots=True)
class Version:
    """A record that decoded into its contract."""

    key: str
    raw: bytes
    content_hash: bytes  # of the bytes as served: equal bytes need no comparison of content
    changed_at: datetime | None
    is_deleted: bool


@dataclass(slots=True)
class Reject:
    """A record that goes to quarantine. `key` is None where even that could not be read."""

    raw: bytes
    reason: str
    key: str | None = None


class Preparer:
    """Decodes records into a stream's contract. `latest_plausible` bounds the source's change time."""

    def __init__(self, contract: type[RecordContract], latest_plausible: datetime) -> None:
        self._decoder = msgspec.json.Decoder(contract)
        self._latest_plausible = latest_plausible

    def prepare(self, records: Iterable[bytes | msgspec.Raw]) -> tuple[list[Version], list[Reject]]:
        """Split records into versions, in the order served, and rejects."""
        versions: list[Version] = []
        rejects: list[Reject] = []
        decode, latest = self._decoder.decode, self._latest_plausible
        blake2b = hashlib.blake2b
        for record in records:
            raw = bytes(record)
            try:
                decoded = decode(raw)
                key = decoded.key()
                changed_at = decoded.changed_at()
                is_deleted = decoded.is_deleted()
            except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError, OverflowError) as error:
                rejects.append(Reject(raw, f"contract: {error or type(error).__name__}"))
                continue
            reason = _unlandable(key, raw)
            if changed_at is not None:
                if changed_at.tzinfo is None:
                    reason = "contract: a change time without its zone"
                elif changed_at > latest:
                    reason = f"contract: changed at {changed_at.isoformat()}, in the future"
            if reason:
                rejects.append(Reject(raw, reason, key if key.isprintable() else None))
            else:
                versions.append(Version(key, raw, blake2b(raw, digest_size=16).digest(), changed_at, is_deleted))
        return versions, rejects


def _unlandable(key: str, raw: bytes) -> str | None:
    if not key or not key.isprintable():
        return "contract: the key is empty or holds control characters"
    if len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        return f"contract: the key is longer than {MAX_KEY_BYTES} bytes"
    if QUOTE in raw:
        return "contract: an unescaped control character"
    return None


def copy_lines(versions: Iterable[Version], run_id: str, scope: str | None) -> bytes:
    """The versions as COPY input: key, record, changed_at, run_id, content_hash, is_deleted, scope."""
    q, d = QUOTE, DELIMITER
    run, area = run_id.encode(), (q + scope.encode() + q if scope is not None else b"")
    lines = []
    for version in versions:
        changed = version.changed_at.isoformat().encode() if version.changed_at else b""
        lines.append(b"".join((
            q, version.key.encode(), q, d, q, version.raw, q, d, changed, d, run, d,
            b"\\x", version.content_hash.hex().encode(), d, b"t" if version.is_deleted else b"f", d, area, b"\n",
        )))
    return b"".join(lines)
