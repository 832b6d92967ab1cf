"""A view of every password hash that is computed."""

import bcrypt
import pytest


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of algorithm and cost of each hash, which grows as they come."""
    seen: list[str] = []
    hashpw = bcrypt.hashpw

    def note(password: bytes, salt: bytes) -> bytes:
        seen.append(salt[:7].decode())
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", note)
    return seen
