"""The few errors of extraction, named for what the caller can do about them."""

from __future__ import annotations


class CxError(Exception):
    """Base of every error whose message is meant for the engineer as it stands: one line, says what to mend."""


class RetryableError(CxError):
    """The vendor is busy or out of reach (429, 5xx, broken connection). `retry_after`: seconds, if the vendor said."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ConfigError(CxError):
    """Something on our side has to be mended (401, 403, 404, a missing setting): retrying cannot help."""


class ContractError(CxError):
    """The vendor broke its documented shape: the message says which stream and which field."""


class TokenExpiredError(CxError):
    """The vendor no longer accepts the walk's paging token: the walk starts again from its watermark."""
