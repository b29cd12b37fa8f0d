"""Matomo: every visit of one site, with its actions."""

from __future__ import annotations

from cx_warehouse.connectors.base import Setting, VendorInfo

INFO = VendorInfo(
    source="matomo",
    title="Matomo",
    connector="cx_warehouse.connectors.matomo.connector.MatomoConnector",
    settings=(
        Setting("base_url", "the installation's whole address, https://matomo.example.com"),
        Setting("site_id", "the site's number (Administration → Websites → Manage)"),
        Setting("token_auth", "an auth token of a user with view access to the site", secret=True),
        *(
            Setting(name, description, required=False)
            for name, description in (
                ("history_days", "days before the first night that are brought in (120)"),
                ("lookback_days", "days that are read again each night: visits that were imported or erased later (3)"),
                ("budget_share", "the part of requests_per_second that the warehouse may use, 0 to 1 (0.5)"),
                ("requests_per_second", "what the installation may be asked; it sets no limit itself (10)"),
                ("page_size", "visits a request, 2 to 10000 (500)"),
            )
        ),
    ),
    requests_at_once=1,  # one stream, and a server of one's own
    account_setting="site_id",
)
