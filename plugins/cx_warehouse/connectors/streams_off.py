"""Streams that an account does not have: switched off by a setting, and whole without a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cx_warehouse.connectors.base import Page, Setting, State, Window
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.settings import text_setting


def streams_off_setting(example: str) -> Setting:
    """The setting as a vendor declares it; `example` says which streams it is meant for."""
    return Setting("streams_off", f"streams that are not read, separated by commas: {example} (none)", required=False)


def streams_off(source: str, config: Mapping[str, Any], streams: Iterable[str]) -> frozenset[str]:
    """The streams that the setting names. Raises ConfigError for one that the vendor does not have."""
    known = list(streams)
    named = text_setting(source, config, "streams_off", "").split(",")
    off = frozenset(name.strip() for name in named if name.strip())
    if unknown := sorted(off - set(known)):
        raise ConfigError(
            f"connection {source!r}: streams_off names {', '.join(unknown)}; there are: {', '.join(known)}"
        )
    return off


def pages_when_off(window: Window, state: State) -> Iterator[Page]:
    """One page without a record: nothing is missing of what is not there, so the source as a whole can be fresh.

    The state stays as it was, so a stream that is switched on again goes on from where it stopped."""
    yield Page((), state, complete_through=window.end)
