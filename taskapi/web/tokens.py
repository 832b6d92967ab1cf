"""Access and refresh tokens: JWTs (RFC 7519) signed with HS256.

A token only identifies its session, by a random id that is never reused. Whether the
session still exists is read from the database for every request.

Flask-JWT-Extended issues the tokens. Verification is our own, since the library accepts
non-canonical tokens and decodes each token again (85 µs).
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import jwt
from flask import Flask, current_app
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token
from jwt.utils import base64url_decode, base64url_encode

from taskapi import clock
from taskapi.errors import TokenExpired, TokenInvalid
from taskapi.typing import Fields
from taskapi.web.validators import MAX_ID

if TYPE_CHECKING:
    from config import Settings

NAME = "taskapi"
LEEWAY_SECONDS = 10
CACHED_TOKENS = 4096
MAX_LIFETIME_SECONDS = 366 * 24 * 60 * 60
ID = "[1-9][0-9]{0,18}"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SESSION_ID = "sid"
CLAIMS = ["iss", "aud", "sub", SESSION_ID, "jti", "type", "iat", "exp"]


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token."""

    user_id: int
    sid: str
    token_id: str
    kind: str
    expires_at: int


class Tokens:
    """The signing keys of one app, and a cache of verified tokens."""

    def __init__(self, app: Flask, settings: "Settings") -> None:
        self.lifetime = timedelta(minutes=settings.access_token_minutes)
        secrets = filter(None, [settings.secret_key, settings.secret_key_previous])
        self.keys = {_key_id(secret): secret for secret in secrets}
        self.key_id = _key_id(settings.secret_key)
        self.verified = lru_cache(CACHED_TOKENS)(self._verify)
        app.config.update(
            JWT_SECRET_KEY=settings.secret_key,
            JWT_ALGORITHM="HS256",
            JWT_ENCODE_ISSUER=NAME,
            JWT_ENCODE_AUDIENCE=NAME,
            JWT_ENCODE_NBF=False,
            JWT_COOKIE_CSRF_PROTECT=False,
            JWT_ACCESS_TOKEN_EXPIRES=self.lifetime,
            JWT_REFRESH_TOKEN_EXPIRES=timedelta(days=settings.refresh_token_days),
        )
        JWTManager(app)

    def _verify(self, token: str) -> Claims:
        """Verify every part of a token, and return its claims."""
        try:
            claims = jwt.decode(
                token,
                self._key(token),
                algorithms=["HS256"],
                audience=NAME,
                issuer=NAME,
                leeway=LEEWAY_SECONDS,
                options={"require": CLAIMS, "strict_aud": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenExpired from error
        except (jwt.InvalidTokenError, ValueError, OverflowError) as error:
            raise TokenInvalid from error
        return _parse_claims(claims)

    def _key(self, token: str) -> str:
        """Return the key of a token whose header and encoding are exactly as issued."""
        for part in token.encode().split(b"."):
            if base64url_encode(base64url_decode(part)) != part:
                raise TokenInvalid
        header = jwt.get_unverified_header(token)
        key_id = header.pop("kid", None)
        if key_id not in self.keys or header != {"alg": "HS256", "typ": "JWT"}:
            raise TokenInvalid
        return self.keys[key_id]


def init_app(app: Flask, settings: "Settings") -> None:
    """Configure the tokens of the app."""
    app.extensions["tokens"] = Tokens(app, settings)


def issue(user_id: int, sid: str, refresh_id: str) -> Fields:
    """Return the OAuth 2.0 token response (RFC 6749, section 5.1) of a session."""
    tokens: Tokens = current_app.extensions["tokens"]
    session = {SESSION_ID: sid}
    headers = {"kid": tokens.key_id}
    refresh = session | {"jti": refresh_id}
    subject = str(user_id)
    return {
        "access_token": create_access_token(
            subject, additional_claims=session, additional_headers=headers
        ),
        "refresh_token": create_refresh_token(
            subject, additional_claims=refresh, additional_headers=headers
        ),
        "token_type": "bearer",
        "expires_in": int(tokens.lifetime.total_seconds()),
    }


def verify(token: str, kind: str) -> Claims:
    """Return the claims of an active token of this kind; raises Unauthenticated."""
    tokens: Tokens = current_app.extensions["tokens"]
    claims = tokens.verified(token)
    if claims.kind != kind:
        raise TokenInvalid
    if claims.expires_at + LEEWAY_SECONDS <= clock.now().timestamp():
        raise TokenExpired
    return claims


def _key_id(secret: str) -> str:
    return hashlib.sha256(b"kid:" + secret.encode()).hexdigest()[:8]


def _parse_claims(claims: Fields) -> Claims:
    """Check the types and formats of the claims; `_verify` checked their presence."""
    issued_at, expires_at = numbers = claims["iat"], claims["exp"]
    names = claims[SESSION_ID], claims["jti"]
    if (
        not all(type(number) is int for number in numbers)
        or not re.fullmatch(ID, claims["sub"])
        or not all(re.fullmatch(UUID, str(name)) for name in names)
        or int(claims["sub"]) > MAX_ID
        or not 0 < expires_at - issued_at <= MAX_LIFETIME_SECONDS
    ):
        raise TokenInvalid
    return Claims(int(claims["sub"]), *names, str(claims["type"]), expires_at)
