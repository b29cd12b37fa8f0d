"""Google Analytics 4: web sessions by day, of everybody and of known customers."""

from __future__ import annotations

from cx_warehouse.connectors.base import Setting, VendorInfo
from cx_warehouse.connectors.streams_off import streams_off_setting

INFO = VendorInfo(
    source="ga4",
    title="Google Analytics 4",
    connector="cx_warehouse.connectors.ga4.connector.Ga4Connector",
    settings=(
        Setting("property_id", "the property's number (Admin → Property details)"),
        Setting(
            "service_account",
            "a service account's key file as JSON; the account needs the role Viewer on the property",
            required=False,  # for a trial, access_token (a bearer token of an hour's life) may stand in its place
            secret=True,
        ),
        *(
            Setting(name, description, required=False)
            for name, description in (
                ("base_url", "https://analyticsdata.googleapis.com (the default)"),
                ("token_uri", "where tokens are fetched, in place of the key file's"),
                ("user_dimension", "the user-scoped dimension with the customer's id (customUser:crm_id)"),
                ("history_days", "days before the first night that are brought in (120)"),
                (
                    "restatement_days",
                    "days that are read again each night, since the vendor revises them (4)",
                ),
                ("budget_share", "the part of the property's tokens the warehouse may use, 0 to 1 (0.5)"),
                ("quota_multiple", "1 for a standard property, 10 for Analytics 360 (1)"),
                ("page_size", "rows a request, at most 250000 (100000)"),
            )
        ),
        streams_off_setting("daily_users, where the property has no user-scoped dimension"),
    ),
    requests_at_once=2,
    account_setting="property_id",
)
