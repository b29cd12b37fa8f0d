"""Zendesk Support: people, tickets, every change of a ticket, and what customers said of the help."""

from __future__ import annotations

from cx_warehouse.connectors.base import Setting, VendorInfo
from cx_warehouse.connectors.streams_off import streams_off_setting

INFO = VendorInfo(
    source="zendesk",
    title="Zendesk Support",
    connector="cx_warehouse.connectors.zendesk.connector.ZendeskConnector",
    settings=(
        Setting("base_url", "the account's address, https://acme.zendesk.com, or just its subdomain: acme"),
        Setting(
            "email",
            "only for an API token: the e-mail of the admin whose token it is",
            required=False,
        ),
        # Required in one of three forms: from_config says which one is not complete. The first secret is the
        # password of the connection, whichever form it is.
        Setting(
            "token",
            "the secret: with client_id the OAuth client's, with an e-mail an API token, alone an OAuth access token",
            required=False,
            secret=True,
        ),
        Setting(
            "client_id",
            "the identifier of an OAuth client (confidential, created by an admin); its secret is the password",
            required=False,
        ),
        Setting("client_secret", "the OAuth client's secret, if not in the password", required=False, secret=True),
        Setting(
            "refresh_token",
            "only to act for the admin who authorized the OAuth client, not for its creator: the first refresh token",
            required=False,
            secret=True,
        ),
        Setting(
            "budget_share",
            "the part of the vendor's limit that the warehouse may use, 0 to 1 (0.5)",
            required=False,
        ),
        Setting(
            "exports_per_minute",
            "the account's limit for incremental exports: 10, or 30 with the High Volume API add-on (10)",
            required=False,
        ),
        Setting("page_size", "rows that an incremental export is asked for, at most 1000 (1000)", required=False),
        streams_off_setting("those that the account's plan lacks"),
    ),
    requests_at_once=2,
)
