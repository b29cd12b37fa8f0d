"""The made company: `generate` makes its people and their life, event by event, from a seed."""

from sandbox.company.generator import OPENS_AT, generate

__all__ = ["OPENS_AT", "generate"]
