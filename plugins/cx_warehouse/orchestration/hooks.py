"""One Airflow hook per vendor: it gives the connection its form in the UI and its "Test" button."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Connector
from cx_warehouse.connectors.errors import ConfigError, CxError
from cx_warehouse.orchestration import settings
from cx_warehouse.orchestration.provider import connection_type, hook_name


class VendorHook(BaseHook):
    """The connector of the Airflow connection `conn_id`, by default the one named after the source."""

    source: str

    def __init__(self, conn_id: str | None = None, **_: Any) -> None:
        super().__init__()
        self._conn_id = conn_id or self.source

    def get_conn(self) -> Connector:
        """The connector, with its settings checked. It keeps to the account's limits with all that run beside it."""
        config = settings.vendor_config(self.source, self._conn_id)
        try:
            account = settings.shared_account(self.source, config)
        except ConfigError:
            account = None  # no warehouse yet: nothing runs beside it
        return registry.connect(self.source, config, account)

    def test_connection(self) -> tuple[bool, str]:
        """What the "Test" button shows."""
        try:
            return True, self.get_conn().check()
        except CxError as error:
            return False, str(error)


for _source in registry.SOURCES:
    globals()[hook_name(_source)] = type(
        hook_name(_source),
        (VendorHook,),
        {
            "__doc__": f"{registry.vendor(_source).title}.",
            "source": _source,
            "conn_name_attr": "conn_id",
            "default_conn_name": _source,
            "conn_type": connection_type(_source),
            "hook_name": registry.vendor(_source).title,
            "__module__": __name__,
        },
    )
