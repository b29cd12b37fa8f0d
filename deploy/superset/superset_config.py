"""Superset's configuration, on this machine and in a container: what differs from its defaults, and why.

Secrets and addresses come from one private JSON file, named by CX_SUPERSET_SETTINGS: keys `secret_key`,
`metadata_url`, `cache_folder`, and `warehouse`, a SQLAlchemy URL for each database role that dashboards read as.
"""

import copy
import json
import os
from pathlib import Path
from typing import Any

from sqlalchemy.engine.url import URL, make_url
from superset.config import EXPLORE_FORM_DATA_CACHE_CONFIG as _EXPLORE_STATE
from superset.config import FILTER_STATE_CACHE_CONFIG as _FILTER_STATE
from superset.config import TALISMAN_CONFIG as _DEFAULT_POLICY
from superset.utils.log import DBEventLogger

_settings: dict[str, Any] = json.loads(Path(os.environ["CX_SUPERSET_SETTINGS"]).read_text())

SECRET_KEY = _settings["secret_key"]
SQLALCHEMY_DATABASE_URI = _settings["metadata_url"]
APP_NAME = "CX warehouse"
WTF_CSRF_TIME_LIMIT = None  # a dashboard may stay open over a night
SQL_MAX_ROW = 50_000
SUPERSET_WEBSERVER_TIMEOUT = 60

FEATURE_FLAGS = {
    # datasets choose the cut of a mart that a dashboard's filters ask for
    "ENABLE_TEMPLATE_PROCESSING": True,
    # rules on rows hold in SQL Lab as they do in dashboards
    "RLS_IN_SQLLAB": True,
    "THUMBNAILS": False,
    "ALERT_REPORTS": False,
}

# Figures change once a night, and the night's last step empties and warms this cache. Nothing personal is in it:
# the database with personal data is never cached (dashboards/databases). Superset empties results by way of
# CACHE_CONFIG, so both have to be the same store.
CACHE_CONFIG = {
    "CACHE_TYPE": "FileSystemCache",
    "CACHE_DIR": _settings["cache_folder"],
    "CACHE_DEFAULT_TIMEOUT": 24 * 3600,
    "CACHE_THRESHOLD": 10_000,
    "CACHE_OPTIONS": {"mode": 0o600},
}
DATA_CACHE_CONFIG = CACHE_CONFIG
# What somebody chose in a filter may be a person's name: kept for a day, not for ninety.
FILTER_STATE_CACHE_CONFIG = {**_FILTER_STATE, "CACHE_DEFAULT_TIMEOUT": 24 * 3600}
EXPLORE_FORM_DATA_CACHE_CONFIG = {**_EXPLORE_STATE, "CACHE_DEFAULT_TIMEOUT": 24 * 3600}
# so that a publish can drop the results of the night before, dataset by dataset
STORE_CACHE_KEYS_IN_METADATA_DB = True

# Cards and the line on the night are Handlebars templates. They are compiled in the browser, which Superset's own
# policy forbids; what they give is still sanitized, and only scripts of Superset itself are loaded.
TALISMAN_CONFIG = copy.deepcopy(_DEFAULT_POLICY)
_policy = TALISMAN_CONFIG["content_security_policy"]
_policy["script-src"].append("'unsafe-eval'")
# and nothing is loaded from elsewhere: no map tiles, and not the picture by which Superset counts its users
_policy["img-src"] = ["'self'", "blob:", "data:"]
_policy["connect-src"] = ["'self'"]
HTML_SANITIZATION_SCHEMA_EXTENSIONS = {"attributes": {"*": ["className"]}}


class WhoOpenedWhat(DBEventLogger):
    """Notes who opened which dashboard and chart, and when; not what they filtered by, which may be a name."""

    def log(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("curated_payload", None)
        kept = ("dashboard_id", "slice_id")
        records = [{name: one[name] for name in kept if name in one} for one in kwargs.pop("records", [])]
        super().log(*args, records=records, **kwargs)


EVENT_LOGGER = WhoOpenedWhat()


def DB_CONNECTION_MUTATOR(
    uri: URL, params: dict[str, Any], username: str, security_manager: Any, source: Any
) -> tuple[URL, dict[str, Any]]:
    """Put in how the warehouse is reached as the role that the dashboards' YAML names: it is neither in git nor in
    Superset's own database."""
    url = _settings["warehouse"].get(uri.username)
    return (make_url(url), params) if url and uri.host == "warehouse" else (uri, params)
