"""A visit in Matomo's shape, with its actions.

Field by field as the plugins' `extendVisitorDetails` write it (matomo-org/matomo, 5.x): times of a server, that is of
UTC, beside pretty ones of the site's zone; numbers of the database as numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox.model import COMPANY_TIME_ZONE, Device, WebChannel, hex_id

if TYPE_CHECKING:
    from sandbox.vendors.matomo.visits import Visit

SITE_ID = 1
SITE_URL = "https://shop.made-company.example"
ACTIONS_SERVED = 500  # visitor_log_maximum_actions_per_visit
_ZONE = ZoneInfo(COMPANY_TIME_ZONE)
_REFERRERS: dict[WebChannel, tuple[str, str, str]] = {
    "Organic Search": ("search", "Search Engines", "Google"),
    "Direct": ("direct", "Direct Entry", ""),
    "Paid Search": ("campaign", "Campaigns", "brand"),
    "Email": ("campaign", "Campaigns", "newsletter"),
    "Referral": ("website", "Websites", "magazine.example"),
    "Organic Social": ("social", "Social Networks", "Mastodon"),
}
_DEVICES: dict[Device, str] = {"desktop": "Desktop", "mobile": "Smartphone", "tablet": "Tablet"}
_NEXT_PAGES = ("/products/standing-desk", "/products/ergo-chair", "/cart", "/help", "/blog/back-pain")


def record(visit: Visit) -> dict[str, Any]:
    """The visit as `Live.getLastVisitsDetails` serves it."""
    fact = visit.fact
    kind, kind_name, referrer = _REFERRERS[fact.channel]
    first, last = int(visit.first.timestamp()), int(visit.last.timestamp())
    actions = _actions(visit)
    served: dict[str, Any] = {
        "idSite": SITE_ID,
        "idVisit": visit.visit_id,
        "visitIp": "198.51.100.0",
        "visitorId": hex_id(fact.client_id),
        "fingerprint": hex_id(f"{fact.client_id}/{fact.device}"),
        "actionDetails": actions[:ACTIONS_SERVED],
        "goalConversions": visit.goals,
        "siteCurrency": "EUR",
        "siteCurrencySymbol": "€",
        "serverDate": f"{visit.last:%Y-%m-%d}",
        "visitServerHour": str(visit.last.hour),
        "lastActionTimestamp": last,
        "lastActionDateTime": f"{visit.last:%Y-%m-%d %H:%M:%S}",
        "siteName": "Made Company",
        "serverTimestamp": last,
        "firstActionTimestamp": first,
        "serverTimePretty": _pretty_time(visit.last),
        "serverDatePretty": _pretty_date(visit.last),
        "serverDatePrettyFirstAction": _pretty_date(visit.first),
        "serverTimePrettyFirstAction": _pretty_time(visit.first),
        "userId": fact.user_id,
        "visitorType": "returning" if fact.user_id else "new",
        "visitConverted": int(visit.goals > 0),
        "visitCount": 1,
        "visitEcommerceStatus": "none",
        "daysSinceFirstVisit": 0,
        "secondsSinceFirstVisit": 0,
        "visitDuration": last - first,
        "visitDurationPretty": f"{(last - first) // 60} min {(last - first) % 60}s",
        "searches": 0,
        "actions": visit.page_views,
        "interactions": visit.page_views,
        "referrerType": kind,
        "referrerTypeName": kind_name,
        "referrerName": referrer,
        "referrerKeyword": "",
        "referrerUrl": "",
        "languageCode": "pl",
        "language": "Polish",
        "deviceType": _DEVICES[fact.device],
        "deviceBrand": "Unknown",
        "deviceModel": "",
        "operatingSystem": "Unknown",
        "browserName": "Firefox",
        "events": 0,
        "continentCode": "eur",
        "country": "Poland",
        "countryCode": "pl",
        "visitLocalTime": f"{visit.first.astimezone(_ZONE):%H:%M:%S}",
        "visitLocalHour": str(visit.first.astimezone(_ZONE).hour),
        "resolution": "1920x1080",
        "customVariables": [],
    }
    if len(actions) > ACTIONS_SERVED:
        served["truncatedActionsCount"] = len(actions) - ACTIONS_SERVED
    return served


def _actions(visit: Visit) -> list[dict[str, Any]]:
    """Page views spread evenly over the visit, and the goals reached on the last of them."""
    steps = max(1, visit.page_views - 1)
    moments = [visit.first + number * (visit.last - visit.first) / steps for number in range(visit.page_views)]
    moments = [moment.replace(microsecond=0) for moment in moments]
    found = []
    for number, at in enumerate(moments):
        after = moments[number + 1] if number + 1 < len(moments) else at
        path = visit.fact.landing_page if number == 0 else _NEXT_PAGES[(visit.visit_id + number) % len(_NEXT_PAGES)]
        found.append(
            {
                "type": "action",
                "url": SITE_URL + path,
                "pageTitle": path.strip("/").rpartition("/")[2].replace("-", " ").title() or "Home",
                "pageIdAction": sum(map(ord, path)),
                "idpageview": f"{visit.visit_id * 7 + number:06x}"[-6:],
                "serverTimePretty": f"{_pretty_date(at)} {_pretty_time(at)}",
                "pageId": visit.visit_id * ACTIONS_SERVED + number,
                "timeSpent": (after - at) // timedelta(seconds=1),
                "pageviewPosition": number + 1,
                "title": path,
                "subtitle": SITE_URL + path,
                "timestamp": int(at.timestamp()),
            }
        )
    goal = {"type": "goal", "goalName": "Order", "goalId": 1, "revenue": 0, "timestamp": int(visit.last.timestamp())}
    return found + [{**goal, "goalPageId": visit.visit_id * ACTIONS_SERVED}] * visit.goals


def _pretty_time(at: datetime) -> str:
    return f"{at.astimezone(_ZONE):%H:%M:%S}"


def _pretty_date(at: datetime) -> str:
    return f"{at.astimezone(_ZONE):%A, %B %-d, %Y}"
