"""The vendors' accounts of the campaign: the largest plans, so that nights are short, and small pages, so that there
are many of them to go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.testing import Running
from sandbox.vendors.ga4.quota import Limits as Ga4Limits
from sandbox.vendors.zendesk.limits import PER_MINUTE
from sandbox.vendors.zendesk.limits import Limits as ZendeskLimits

MANY = 1_000_000

PLANS: Mapping[str, Mapping[str, Any]] = {
    "zendesk": {"limits": ZendeskLimits(dict.fromkeys(PER_MINUTE, MANY))},
    "hubspot": {"per_10_seconds": MANY, "searches_per_second": MANY},
    "typeform": {"requests_per_second": MANY},
    "ga4": {"limits": Ga4Limits(MANY, MANY, MANY, 1_000)},
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "zendesk": {"budget_share": 1, "exports_per_minute": 1_000, "page_size": 25},
    "hubspot": {"budget_share": 1, "requests_per_10_seconds": 10_000},
    "typeform": {
        "budget_share": 1,
        "requests_per_second": 1_000,
        "page_size": 20,
        # forms soon are too large to be read whole each night, so that both ways are walked
        "full_read_up_to": 30,
        "full_read_days": 2,
    },
    "ga4": {"budget_share": 1, "quota_multiple": 100, "history_days": 60, "page_size": 10},
    "matomo": {"budget_share": 1, "requests_per_second": 1_000, "history_days": 60, "page_size": 10},
}


def connections(sandbox: Running) -> dict[str, dict[str, Any]]:
    """What a connection to each served vendor holds. Zendesk and GA4 fetch their own access tokens."""
    made = {source: {**config, **SETTINGS.get(source, {})} for source, config in sandbox.connections.items()}
    client = sandbox.credentials.zendesk
    for name in ("email", "token", "oauth_token"):
        made["zendesk"].pop(name, None)
    made["zendesk"] |= {"client_id": client.client_id, "client_secret": client.client_secret}
    made["ga4"].pop("access_token", None)
    return made
