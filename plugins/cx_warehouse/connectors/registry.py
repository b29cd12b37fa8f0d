"""Which vendors there are. Adding a source is one line here, a connector package and a staging folder."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from cx_warehouse.connectors.base import Account, Connector, VendorInfo
from cx_warehouse.connectors.errors import ConfigError

SOURCES = ("hubspot", "zendesk", "typeform", "ga4", "matomo")


def vendor(source: str) -> VendorInfo:
    """The declaration of a vendor. Raises ConfigError for one that is not registered."""
    if source not in SOURCES:
        raise ConfigError(f"unknown source {source!r}; there are: {', '.join(SOURCES)}")
    info: VendorInfo = importlib.import_module(f"cx_warehouse.connectors.{source}").INFO
    return info


def connector_class(source: str) -> type[Connector]:
    """The vendor's Connector class."""
    module, _, name = vendor(source).connector.rpartition(".")
    found: type[Connector] = getattr(importlib.import_module(module), name)
    return found


def connect(source: str, config: Mapping[str, Any], account: Account | None = None) -> Connector:
    """A connector from its settings. `account` is what it shares with other processes that use the same account; None
    keeps to the limits within this process only. Raises ConfigError that names every missing required setting."""
    info = vendor(source)
    missing = [setting.name for setting in info.settings if setting.required and not config.get(setting.name)]
    if missing:
        raise ConfigError(f"connection {source!r} lacks: {', '.join(missing)}")
    return connector_class(source).from_config(config, account)


def stream_names(source: str) -> tuple[str, ...]:
    """The vendor's streams, in the order in which they are worth bringing in."""
    return tuple(connector_class(source).streams)


def streams() -> dict[str, tuple[str, ...]]:
    """Every registered source with its streams."""
    return {source: stream_names(source) for source in SOURCES}


def require_sources(names: Iterable[str]) -> tuple[str, ...]:
    """The given names, checked and in the registry's order. Raises ConfigError for an unknown one."""
    wanted = set(names)
    for name in sorted(wanted - set(SOURCES)):
        vendor(name)
    return tuple(source for source in SOURCES if source in wanted)
