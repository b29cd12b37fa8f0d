"""Reading connection settings: typed, bounded, and refused with the setting's name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cx_warehouse.connectors.base import Setting
from cx_warehouse.connectors.errors import ConfigError

OAUTH_SETTINGS = (  # of a vendor that takes an OAuth app in place of a token; the app's secret is the password then
    Setting("client_id", "only for an OAuth app: its client id", required=False),
    Setting("refresh_token", "only for an OAuth app: the first refresh token", required=False, secret=True),
)


def text_setting(source: str, config: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """The setting as text, trimmed. Raises ConfigError where it is missing and has no default."""
    value = str(config.get(name) or "").strip() or default
    if value is None:
        raise ConfigError(f"connection {source!r} lacks: {name}")
    return value


def number_setting(
    source: str, config: Mapping[str, Any], name: str, default: float, *, least: float, most: float
) -> float:
    """The setting as a number from `least` to `most`. Airflow may hand numbers over as text."""
    value = config.get(name)
    if value is None or value == "":
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not least <= number <= most:
        raise ConfigError(f"connection {source!r}: {name} must be a number from {least:g} to {most:g}, not {value!r}")
    return number
