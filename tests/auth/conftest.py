"""Fixture that records every computed password hash."""

import bcrypt
import pytest


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the algorithm and cost of each hash computed by the test."""
    seen: list[str] = []
    hashpw = bcrypt.hashpw

    def record(password: bytes, salt: bytes) -> bytes:
        seen.append(salt[:7].decode())
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", record)
    return seen
