"""A look-alike of the Google Analytics 4 Data API."""

from sandbox.vendors.ga4.api import build_app

__all__ = ["build_app"]
