"""The ledger: what every vendor's account holds, reckoned from the world and not through HTTP, to compare raw with."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

import msgspec

from sandbox.world import SOURCES, World


@dataclass(frozen=True)
class Entry:
    """One record that exists or existed. `record` is what the vendor would serve of it now; None where it serves
    nothing of it any more (merged away, removed for good)."""

    record: dict[str, Any] | None
    is_deleted: bool = False


Ledger = dict[str, dict[str, Entry]]  # by stream and key
GONE = Entry(None, is_deleted=True)


def ledgers(world: World) -> dict[str, Ledger]:
    """The ledger of every source that keeps one: a vendor joins by having a module `ledger`."""
    found = {}
    for source in SOURCES:
        name = f"sandbox.vendors.{source}.ledger"
        if importlib.util.find_spec(name) is not None:
            found[source] = importlib.import_module(name).ledger(world)
    return found


def readable(body: bytes) -> dict[str, Any] | None:
    """The record, or None for bytes that are no JSON object: those have no key, and belong into quarantine."""
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None
