"""Typeform: the forms and every response to them, the unfinished ones included."""

from __future__ import annotations

from cx_warehouse.connectors.base import Setting, VendorInfo
from cx_warehouse.connectors.settings import OAUTH_SETTINGS

INFO = VendorInfo(
    source="typeform",
    title="Typeform",
    connector="cx_warehouse.connectors.typeform.connector.TypeformConnector",
    settings=(
        Setting(
            "token",
            "personal access token with the scopes forms:read and responses:read; "
            "with client_id the OAuth app's secret",
            secret=True,
        ),
        *OAUTH_SETTINGS,
        *(
            Setting(name, description, required=False)
            for name, description in (
                ("base_url", "https://api.typeform.com (the default), or https://api.eu.typeform.com"),
                ("budget_share", "the part of the vendor's limit that the warehouse may use, 0 to 1 (0.5)"),
                ("requests_per_second", "the account's limit, shared with its other tools (2)"),
                ("overlap_days", "days read again each night, since unfinished responses change (14)"),
                ("full_read_up_to", "a form of at most so many responses is read whole every night (10000)"),
                ("full_read_days", "a larger form is read whole this many days after it last was (7)"),
                ("page_size", "responses a page, at most 1000 (1000)"),
            )
        ),
    ),
    requests_at_once=1,  # the limit is by the second and by account: streams take turns
)
