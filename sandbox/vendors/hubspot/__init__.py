"""A look-alike of HubSpot's CRM API."""

from sandbox.vendors.hubspot.api import build_app

__all__ = ["build_app"]
