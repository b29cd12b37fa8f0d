"""What Airflow is told of this package: a connection type per vendor, with a form field for each of its settings."""

from __future__ import annotations

from typing import Any

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import VendorInfo

USER_SETTINGS = ("email", "login", "user")  # a vendor's user goes into the form's own login field


def connection_type(source: str) -> str:
    """The Airflow connection type of a vendor."""
    return f"cx_{source}"


def hook_name(source: str) -> str:
    """The name of the vendor's class in `hooks`."""
    return f"{source.capitalize()}Hook"


def get_provider_info() -> dict[str, Any]:
    """The entry point `apache_airflow_provider`."""
    return {
        "package-name": "cx-warehouse",
        "name": "CX warehouse",
        "description": "Connections to the vendors that the CX warehouse reads",
        "connection-types": [_form(registry.vendor(source)) for source in registry.SOURCES],
    }


def _form(info: VendorInfo) -> dict[str, Any]:
    secret = next((setting for setting in info.settings if setting.secret), None)
    user = next((setting for setting in info.settings if setting.name in USER_SETTINGS), None)
    relabeling = {"host": "Base URL"}
    hidden = ["schema", "port"]
    if secret:
        relabeling["password"] = secret.description
    else:
        hidden.append("password")
    if user:
        relabeling["login"] = user.description
    else:
        hidden.append("login")
    in_form = {secret and secret.name, user and user.name, "base_url"}
    return {
        "hook-class-name": f"cx_warehouse.orchestration.hooks.{hook_name(info.source)}",
        "hook-name": info.title,
        "connection-type": connection_type(info.source),
        "ui-field-behaviour": {"hidden-fields": hidden, "relabeling": relabeling, "placeholders": {}},
        "conn-fields": {
            setting.name: {
                "label": setting.name,
                "description": setting.description,
                "schema": {"type": ["string", "null"], **({"format": "password"} if setting.secret else {})},
            }
            for setting in info.settings
            if setting.name not in in_form
        },
    }
