"""An error as Matomo says it: a result that is an error, with the status 200 unless access is denied."""

from __future__ import annotations

import json


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.message, self.status = message, status

    def body(self) -> str:
        return json.dumps({"result": "error", "message": self.message})


def no_access(site_id: str) -> Refused:
    """No token, an unknown one, or one of a user who may not see the site: they are answered alike."""
    return Refused(f"You can't access this resource as it requires 'view' access for the website id = {site_id}.", 401)
