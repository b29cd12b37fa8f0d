"""What the marts must say, reckoned in plain Python from the company's events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.model import Company


def truth(company: Company, as_of: datetime) -> dict[str, Any]:
    """The metrics as of a clock, as JSON-able values."""
    return {"as_of": as_of.isoformat()}
