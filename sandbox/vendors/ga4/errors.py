"""An error as Google's APIs say it."""

from __future__ import annotations

import json


class Refused(Exception):
    """An answer that is an error in Google's form."""

    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message

    def body(self) -> str:
        return json.dumps({"error": {"code": self.code, "message": self.message, "status": self.status}})


def invalid(message: str) -> Refused:
    """A request that asks for something that there is not."""
    return Refused(400, "INVALID_ARGUMENT", message)
