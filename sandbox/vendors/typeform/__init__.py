"""A look-alike of Typeform's API."""

from sandbox.vendors.typeform.api import build_app

__all__ = ["build_app"]
