"""OAuth apps as the look-alikes know them: access tokens of limited life, refresh tokens that stay or that change.

Lives are counted on the real clock, as no night of the sandbox lasts. After a restart an app is as it was at first."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OAuthApp:
    """An app that a customer has authorized: the secrets that prove it, and the first refresh token."""

    client_id: str = field(default_factory=lambda: secrets.token_hex(16))
    client_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    refresh_token: str = field(default_factory=lambda: secrets.token_hex(32))


class OAuthTokens:
    """Hands out tokens and knows which are good. `rotates`: each use of a refresh token ends it; `ends_former`: and the
    access token that came with it."""

    def __init__(
        self,
        app: OAuthApp,
        *,
        lifetime_seconds: float,
        rotates: bool,
        ends_former: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self.lifetime_seconds = app, lifetime_seconds
        self._rotates, self._ends_former, self._clock = rotates, ends_former, clock
        self._refresh_token = app.refresh_token
        self._access: dict[str, float] = {}  # access token → when it ends
        self._lock = threading.Lock()

    def is_app(self, client_id: object, client_secret: object) -> bool:
        """Whether these prove the app."""
        shown, wanted = (client_id, client_secret), (self.app.client_id, self.app.client_secret)
        return all(
            secrets.compare_digest(str(one).encode(), other.encode()) for one, other in zip(shown, wanted, strict=True)
        )

    def redeem(self, refresh_token: object, lifetime_seconds: float | None = None) -> tuple[str, str] | None:
        """A new access token, and the refresh token for the next; None for one that is not good (any more)."""
        with self._lock:
            if not secrets.compare_digest(str(refresh_token).encode(), self._refresh_token.encode()):
                return None
            if self._rotates:
                self._refresh_token = secrets.token_hex(32)
            if self._ends_former:
                self._access.clear()
            access = secrets.token_hex(32)
            self._access[access] = self._clock() + (lifetime_seconds or self.lifetime_seconds)
            return access, self._refresh_token

    def seconds_left(self, access_token: str) -> float | None:
        """How long the token is good yet, negative if it has ended; None for one that was never handed out."""
        ends = self._access.get(access_token)
        return None if ends is None else ends - self._clock()

    def end_all(self) -> None:
        """End every access token that was handed out."""
        with self._lock:
            self._access = dict.fromkeys(self._access, self._clock())

    def revoke(self) -> None:
        """The customer withdraws what he allowed the app."""
        with self._lock:
            self._access.clear()
            self._refresh_token = secrets.token_hex(32)
