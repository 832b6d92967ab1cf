"""Tokens and passwords, the same as the product's."""

import hashlib
import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import bcrypt
import jwt

NAME = "taskapi"
SECRET = os.environ["SECRET_KEY"]
KEY_ID = hashlib.sha256(b"kid:" + SECRET.encode()).hexdigest()[:8]
CLAIMS = ["iss", "aud", "sub", "sid", "jti", "type", "iat", "exp"]
ACCESS = timedelta(minutes=30)
REFRESH = timedelta(days=7)


def caller_of(token: str) -> dict[str, int]:
    """Return the session and the user that an access token speaks for."""
    said = jwt.decode(
        token,
        SECRET,
        algorithms=["HS256"],
        audience=NAME,
        issuer=NAME,
        leeway=10,
        options={"require": CLAIMS},
    )
    if said["type"] != "access":
        raise jwt.InvalidTokenError
    return {"session_id": int(said["sid"]), "user_id": int(said["sub"])}


def issue(user_id: int, session_id: int, refresh_id: str) -> dict[str, Any]:
    """Return the tokens of a session."""
    of = {"sub": str(user_id), "sid": session_id}
    return {
        "access_token": _sign(
            of | {"type": "access", "jti": str(uuid.uuid4())}, ACCESS
        ),
        "refresh_token": _sign(of | {"type": "refresh", "jti": refresh_id}, REFRESH),
        "expires_in": int(ACCESS.total_seconds()),
    }


def matches(password: str, stored: str) -> bool:
    """Tell whether a password is the stored one; takes a quarter of a second."""
    digest = hashlib.sha256(password.encode()).hexdigest().encode()
    return bcrypt.checkpw(digest, stored.encode())


def session_of(user_id: int, ip: str | None, agent: str | None) -> dict[str, Any]:
    """Return the columns of a new session."""
    now = datetime.now(UTC)
    return {
        "user_id": user_id,
        "refresh_id": str(uuid.uuid4()),
        "expires_at": now + REFRESH,
        "last_used_at": now,
        "created_at": now,
        "updated_at": now,
        "ip": ip,
        "user_agent": agent,
    }


def _sign(claims: dict[str, Any], lifetime: timedelta) -> str:
    now = datetime.now(UTC)
    times = {"iat": now, "exp": now + lifetime}
    whole = {"iss": NAME, "aud": NAME} | claims | times
    return jwt.encode(whole, SECRET, "HS256", headers={"kid": KEY_ID})
