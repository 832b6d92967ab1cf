"""Forged tokens: signed with the secret of the app, and wrong in a single place."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.helpers.client import Client

SECRET = "0123456789abcdef" * 4
OTHER_SECRET = "fedcba9876543210" * 4
REALM = 'Bearer realm="taskapi"'
INVALID_TOKEN = f'{REALM}, error="invalid_token"'


@dataclass(frozen=True)
class Good:
    """Two good tokens of a session, one of each kind; `text` is the one to change."""

    text: str
    other_kind: str

    @property
    def parts(self) -> list[str]:
        return self.text.split(".")

    @property
    def header(self) -> dict[str, Any]:
        return read_part(self.parts[0])

    @property
    def claims(self) -> dict[str, Any]:
        return read_part(self.parts[1])


Forgery = Callable[[Good], str]


def access_of(client: Client) -> Good:
    """Return the access token of a client, to forge others after it."""
    return Good(client.tokens["access_token"], client.tokens["refresh_token"])


def refresh_of(client: Client) -> Good:
    """Return the refresh token of a client, to forge others after it."""
    return Good(client.tokens["refresh_token"], client.tokens["access_token"])


def key_id(secret: str) -> str:
    """Return the `kid` of a secret."""
    return hashlib.sha256(b"kid:" + secret.encode()).hexdigest()[:8]


def part(content: Any) -> str:
    """Write one part of a token: bytes as they are, anything else as JSON."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_part(text: str) -> dict[str, Any]:
    """Read one part of a good token."""
    read: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=="))
    return read


def loose(text: str) -> str:
    """Spell a part whose last character has spare bits with those bits set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(text) % 4 != 0
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def spaced(content: dict[str, Any]) -> bytes:
    """Write JSON with spaces after it, until its base64 has spare bits."""
    raw = json.dumps(content).encode()
    return raw.ljust(len(raw) + (1 - len(raw)) % 3)


def sign(signed: str, secret: str = SECRET, *, digest: str = "sha256") -> str:
    """Add the signature to the first two parts, whatever they are."""
    return f"{signed}.{part(hmac.digest(secret.encode(), signed.encode(), digest))}"


def token(
    header: Any, claims: Any, secret: str = SECRET, digest: str = "sha256"
) -> str:
    """Return a signed token."""
    return sign(f"{part(header)}.{part(claims)}", secret, digest=digest)


def claiming(**claims: Any) -> Forgery:
    """Return a forgery with other claims."""
    return lambda good: token(good.header, good.claims | claims)


def shifted(claim: str, seconds: float) -> Forgery:
    """Return a forgery with a shifted timestamp."""
    return lambda good: token(
        good.header, good.claims | {claim: good.claims["iat"] + seconds}
    )


def retyped(claim: str, change: Callable[[Any], Any]) -> Forgery:
    """Return a forgery with the same value as another type."""
    return lambda good: token(
        good.header, good.claims | {claim: change(good.claims[claim])}
    )


def heading(*, digest: str = "sha256", **members: Any) -> Forgery:
    """Return a forgery with another header."""
    return lambda good: token(good.header | members, good.claims, digest=digest)


def headless(header: Any) -> Forgery:
    """Return a forgery with this and nothing else for a header."""
    return lambda good: token(header, good.claims)


def saying(payload: Any) -> Forgery:
    """Return a forgery with this and nothing else for a payload."""
    return lambda good: token(good.header, payload)


def without(name: str) -> Forgery:
    """Return a forgery that leaves a claim out."""
    return lambda good: token(good.header, omit(good.claims, name))


def omit(members: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the members without one that is there."""
    assert name in members
    return {key: value for key, value in members.items() if key != name}


def unsigned(**members: Any) -> Forgery:
    """Return a forgery with another header and no signature."""
    return lambda good: f"{part(good.header | members)}.{part(good.claims)}."


def call_with(client: Client, text: str) -> TestResponse:
    """Request the account of a token, which may contain any character."""
    environ = {"HTTP_AUTHORIZATION": f"Bearer {text}"}
    return Client(client.app).get("users/me", environ_overrides=environ)
