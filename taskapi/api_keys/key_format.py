"""Format of API keys: `tsk_<8 hexadecimal digits>_<43 characters of base64url>`.

The first part is public and identifies the row. The second part encodes 28 random bytes
and a checksum of 4 bytes, so that a mistyped or invented key is rejected without SQL.
"""

import base64
import binascii
import hashlib
import re
import secrets
from typing import NamedTuple

RANDOM_BYTES = 28
CHECKSUM_BYTES = 4
KEY_LENGTH = len("tsk_") + 8 + len("_") + 43
PATTERN = re.compile(r"tsk_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


class Key(NamedTuple):
    """A key as its owner sees it once, and the parts of it that are stored."""

    text: str
    prefix: str
    secret_hash: str


def generate() -> Key:
    """Return a new key."""
    prefix = secrets.token_hex(4)
    random = secrets.token_bytes(RANDOM_BYTES)
    secret = base64.urlsafe_b64encode(random + _checksum(prefix, random))
    return _key(prefix, secret.decode().rstrip("="))


def parse(text: str) -> Key | None:
    """Return the parts of a key; None if the format or the checksum is wrong."""
    match = PATTERN.fullmatch(text)
    if match is None:
        return None
    prefix, secret = match.groups()
    data = base64.urlsafe_b64decode(secret + "=")
    random, checksum = data[:RANDOM_BYTES], data[RANDOM_BYTES:]
    # Decoding ignores the last two bits, so that four texts mean the same bytes: accept
    # only the canonical one.
    is_canonical = base64.urlsafe_b64encode(data).decode().rstrip("=") == secret
    is_valid = is_canonical and checksum == _checksum(prefix, random)
    return _key(prefix, secret) if is_valid else None


def _key(prefix: str, secret: str) -> Key:
    text = f"tsk_{prefix}_{secret}"
    return Key(text, prefix, hashlib.sha256(text.encode()).hexdigest())


def _checksum(prefix: str, random: bytes) -> bytes:
    return binascii.crc32(prefix.encode() + random).to_bytes(CHECKSUM_BYTES)
