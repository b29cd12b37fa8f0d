"""A look-alike of Matomo's HTTP reporting API."""

from sandbox.vendors.matomo.api import build_app

__all__ = ["build_app"]
