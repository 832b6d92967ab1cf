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
class TokenPair:
    """The two valid tokens of a session; `text` is the one to change."""

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


Forgery = Callable[[TokenPair], str]


def access_of(client: Client) -> TokenPair:
    """Return the access token of a client as the template of forgeries."""
    return TokenPair(client.tokens["access_token"], client.tokens["refresh_token"])


def refresh_of(client: Client) -> TokenPair:
    """Return the refresh token of a client as the template of forgeries."""
    return TokenPair(client.tokens["refresh_token"], client.tokens["access_token"])


def key_id(secret: str) -> str:
    """Return the `kid` of a secret."""
    return hashlib.sha256(b"kid:" + secret.encode()).hexdigest()[:8]


def part(content: Any) -> str:
    """Encode a part of a token: bytes unchanged, other values as JSON."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_part(text: str) -> dict[str, Any]:
    """Decode a part of a valid token."""
    read: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=="))
    return read


def non_canonical(text: str) -> str:
    """Return a non-canonical base64 encoding of a part, with its spare bits set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(text) % 4 != 0
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def json_with_spaces(content: dict[str, Any]) -> bytes:
    """Encode JSON with trailing spaces, so that its base64 has spare bits."""
    raw = json.dumps(content).encode()
    return raw.ljust(len(raw) + (1 - len(raw)) % 3)


def sign(signed: str, secret: str = SECRET, *, digest: str = "sha256") -> str:
    """Add a signature to the first two parts."""
    return f"{signed}.{part(hmac.digest(secret.encode(), signed.encode(), digest))}"


def token(
    header: Any, claims: Any, secret: str = SECRET, digest: str = "sha256"
) -> str:
    """Return a signed token."""
    return sign(f"{part(header)}.{part(claims)}", secret, digest=digest)


def with_claims(**claims: Any) -> Forgery:
    """Return a forgery with other claims."""
    return lambda valid: token(valid.header, valid.claims | claims)


def with_time(claim: str, seconds: float) -> Forgery:
    """Return a forgery with a timestamp, in seconds after the issue."""
    return lambda valid: token(
        valid.header, valid.claims | {claim: valid.claims["iat"] + seconds}
    )


def with_type(claim: str, change: Callable[[Any], Any]) -> Forgery:
    """Return a forgery with the same value as another type."""
    return lambda valid: token(
        valid.header, valid.claims | {claim: change(valid.claims[claim])}
    )


def with_header_members(*, digest: str = "sha256", **members: Any) -> Forgery:
    """Return a forgery with changed members of the header."""
    return lambda valid: token(valid.header | members, valid.claims, digest=digest)


def with_header(header: Any) -> Forgery:
    """Return a forgery with this header."""
    return lambda valid: token(header, valid.claims)


def with_payload(payload: Any) -> Forgery:
    """Return a forgery with this payload."""
    return lambda valid: token(valid.header, payload)


def without(name: str) -> Forgery:
    """Return a forgery without a claim."""
    return lambda valid: token(valid.header, omit(valid.claims, name))


def omit(members: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the members without one."""
    assert name in members
    return {key: value for key, value in members.items() if key != name}


def unsigned(**members: Any) -> Forgery:
    """Return a forgery with another header and no signature."""
    return lambda valid: f"{part(valid.header | members)}.{part(valid.claims)}."


def call_with(client: Client, text: str) -> TestResponse:
    """Request the account with a token, which may contain any character."""
    environ = {"HTTP_AUTHORIZATION": f"Bearer {text}"}
    return Client(client.app).get("users/me", environ_overrides=environ)
