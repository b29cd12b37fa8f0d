"""The look-alike of Zendesk's Support API, served from the made company's events."""

from __future__ import annotations

from starlette.applications import Starlette

from sandbox.vendors.zendesk.api import build
from sandbox.vendors.zendesk.limits import Limits
from sandbox.vendors.zendesk.tokens import Tokens
from sandbox.world import World


def build_app(world: World, limits: Limits | None = None, tokens: Tokens | None = None) -> Starlette:
    """The vendor's application: its paths are Zendesk's own, /oauth/tokens and those below /api/v2."""
    return build(world, limits or Limits(), tokens or Tokens(world.credentials.zendesk))
