"""The secrets that the sandbox's look-alike APIs accept: random, made once per home and never committed."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.oauth import OAuthApp


@dataclass(frozen=True)
class ZendeskCredentials:
    """Basic auth `email/token:TOKEN`, `Bearer oauth_token`, or an OAuth client that fetches its own tokens, with or
    without the refresh token of an admin who authorized it."""

    email: str
    token: str
    oauth_token: str
    client_id: str = "cx_warehouse"
    client_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    refresh_token: str = field(default_factory=lambda: secrets.token_hex(32))


@dataclass(frozen=True)
class HubSpotCredentials:
    """A private app's bearer token, or an OAuth app."""

    token: str
    app: OAuthApp = field(default_factory=OAuthApp)


@dataclass(frozen=True)
class TypeformCredentials:
    """A personal access token, sent as bearer, or an OAuth app."""

    token: str
    app: OAuthApp = field(default_factory=OAuthApp)


@dataclass(frozen=True)
class Ga4Credentials:
    """A service account's key pair. `access_token` is a bearer that the API accepts as if the token endpoint
    had handed it out, so that a test can skip the exchange."""

    property_id: str
    client_email: str
    private_key: str
    public_key: str
    private_key_id: str
    access_token: str

    def service_account(self, token_uri: str) -> dict[str, str]:
        """The key file as Google writes it, pointing at the sandbox's own token endpoint."""
        return {
            "type": "service_account",
            "project_id": "made-company",
            "private_key_id": self.private_key_id,
            "private_key": self.private_key,
            "client_email": self.client_email,
            "client_id": "109876543210987654321",
            "token_uri": token_uri,
        }


@dataclass(frozen=True)
class MatomoCredentials:
    """An auth token of a user who may view the site."""

    token_auth: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True)
class Credentials:
    """Everything that the look-alike APIs accept."""

    zendesk: ZendeskCredentials
    hubspot: HubSpotCredentials
    typeform: TypeformCredentials
    ga4: Ga4Credentials
    matomo: MatomoCredentials

    @classmethod
    def create(cls) -> Credentials:
        """Make new random secrets."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private_key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        public_key = (
            key.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )
        return cls(
            zendesk=ZendeskCredentials(
                email="warehouse@made-company.example",
                token=secrets.token_hex(20),
                oauth_token=secrets.token_hex(32),
            ),
            hubspot=HubSpotCredentials(token=f"pat-eu1-{secrets.token_hex(16)}"),
            typeform=TypeformCredentials(token=f"tfp_{secrets.token_urlsafe(32)}"),
            ga4=Ga4Credentials(
                property_id="412345678",
                client_email="warehouse@made-company.iam.gserviceaccount.example",
                private_key=private_key,
                public_key=public_key,
                private_key_id=secrets.token_hex(20),
                access_token=f"ya29.{secrets.token_urlsafe(48)}",
            ),
            matomo=MatomoCredentials(),
        )

    @classmethod
    def load_or_create(cls, path: Path) -> Credentials:
        """Read the secrets kept in `path`, so that connections survive a restart; else make them (0600)."""
        if path.exists():
            stored = json.loads(path.read_text())
            return cls(
                zendesk=ZendeskCredentials(**stored["zendesk"]),
                hubspot=HubSpotCredentials(stored["hubspot"]["token"], _app(stored["hubspot"])),
                typeform=TypeformCredentials(stored["typeform"]["token"], _app(stored["typeform"])),
                ga4=Ga4Credentials(**stored["ga4"]),
                matomo=MatomoCredentials(**stored.get("matomo", {})),
            )
        created = cls.create()
        write_private(path, json.dumps(asdict(created), indent=1))
        return created

    def for_connections(self, urls: dict[str, str]) -> dict[str, dict[str, Any]]:
        """What a client of each served source needs, by source: its base URL and its secrets."""
        settings: dict[str, dict[str, Any]] = {
            "zendesk": {
                # one way to prove oneself; client_id would make another of the password
                **{name: getattr(self.zendesk, name) for name in ("email", "token", "oauth_token")},
                "exports_per_minute": 30,  # the made account's plan has the High Volume API add-on
            },
            "hubspot": {"token": self.hubspot.token},
            "typeform": {"token": self.typeform.token},
            "ga4": {
                "property_id": self.ga4.property_id,
                "access_token": self.ga4.access_token,
                "service_account": self.ga4.service_account(f"{urls.get('ga4', '')}/token"),
            },
            "matomo": {
                "site_id": "1",
                "requests_per_second": 200,  # the made installation has a machine of its own
                **asdict(self.matomo),
            },
        }
        return {source: {"base_url": url, **settings[source]} for source, url in urls.items()}


def _app(stored: dict[str, Any]) -> OAuthApp:
    """The kept app; homes of earlier versions have none."""
    return OAuthApp(**stored["app"]) if "app" in stored else OAuthApp()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(temporary, path)
