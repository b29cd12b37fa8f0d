"""HubSpot: contacts, companies, deals, owners and their links, the archived and the merged included."""

from __future__ import annotations

from cx_warehouse.connectors.base import Setting, VendorInfo
from cx_warehouse.connectors.settings import OAUTH_SETTINGS

INFO = VendorInfo(
    source="hubspot",
    title="HubSpot",
    connector="cx_warehouse.connectors.hubspot.connector.HubSpotConnector",
    settings=(
        Setting(
            "token",
            "access token of a private app with the scopes crm.objects.contacts.read, "
            "crm.objects.companies.read, crm.objects.deals.read and crm.objects.owners.read; "
            "with client_id the OAuth app's secret",
            secret=True,
        ),
        *OAUTH_SETTINGS,
        Setting("portal_id", "the account's number; a token of another account is then refused", required=False),
        Setting("base_url", "https://api.hubapi.com", required=False),
        Setting(
            "budget_share",
            "the part of the vendor's limits that the warehouse may use, 0 to 1 (0.5)",
            required=False,
        ),
        Setting(
            "requests_per_10_seconds",
            "the private app's limit, which depends on the subscription: 100 or 190 (100)",
            required=False,
        ),
        Setting("page_size", "records a page, at most 100 of a list and 200 of a search (200)", required=False),
    ),
    requests_at_once=2,
    account_setting="portal_id",
)
