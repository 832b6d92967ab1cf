"""Passwords: rules, hashes, and the queue of requests that hash."""

import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore, RLock
from typing import TYPE_CHECKING, TypeVar

from flask import Flask, current_app
from flask_bcrypt import Bcrypt

from taskapi.errors import FieldError, Invalid, Unavailable
from taskapi.server.scheduling import release_slot

if TYPE_CHECKING:
    from config import Settings

Result = TypeVar("Result")

MIN_LENGTH = 8
MAX_LENGTH = 128
COMMON_PASSWORDS = Path(__file__).with_name("common_passwords.txt")

HASH = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
PLACEHOLDER = "." * 53
"""Salt and digest of a hash that no password matches."""

MAX_WAITING = 32
"""Requests that may wait to hash; gunicorn gets as many threads in addition.

More than can succeed in time: clients that are rejected at once retry without pause.
With 17 places and 32 clients that log in, reads kept a quarter of their throughput;
with 33 places and low priority they keep 60 to 90 %.
"""

TIMEOUT_SECONDS = 2
NICENESS = 10
"""At this priority a hash gets a tenth of a processor that another thread uses."""


class HashQueue:
    """One hash at a time in each process, so that many logins do not block others.

    The thread that hashes has a low priority. Up to `MAX_WAITING` callers wait; for
    more callers Unavailable is raised.
    """

    def __init__(self) -> None:
        self._places = BoundedSemaphore(MAX_WAITING)
        self._lock = RLock()  # one request may hash more than once
        self._thread = ThreadPoolExecutor(1, "hash", _lower_priority)

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Keep other requests from hashing in the block. Raises Unavailable."""
        if not self._lock.acquire(blocking=False):
            self._wait()
        try:
            yield
        finally:
            self._lock.release()

    def run(self, compute: Callable[[], Result]) -> Result:
        """Return the result of a function that hashes. Raises Unavailable."""
        with self.reserved():
            release_slot()
            return self._thread.submit(compute).result()

    def _wait(self) -> None:
        if not self._places.acquire(blocking=False):
            raise Unavailable(retry_after=TIMEOUT_SECONDS)
        release_slot()
        try:
            if not self._lock.acquire(timeout=TIMEOUT_SECONDS):
                raise Unavailable(retry_after=TIMEOUT_SECONDS)
        finally:
            self._places.release()


def _lower_priority() -> None:
    """Lower the priority of this thread; other systems do so for the whole process."""
    if sys.platform == "linux":
        os.nice(NICENESS)


class Passwords:
    """Rules and hashes of an app: bcrypt over SHA-256, so that all characters count."""

    def __init__(self, app: Flask, settings: "Settings") -> None:
        app.config["BCRYPT_LOG_ROUNDS"] = settings.bcrypt_rounds
        app.config["BCRYPT_HANDLE_LONG_PASSWORDS"] = True
        self.bcrypt = Bcrypt(app)
        self.rounds = settings.bcrypt_rounds
        self.prefix = f"$2b${self.rounds:02}$"
        self.min_length = settings.password_min_length
        self.common = frozenset(COMMON_PASSWORDS.read_text().splitlines())
        self.queue = HashQueue()

    def matching_form(self, stored: str | None, password: str) -> str | None:
        """Return the form that the stored hash was made of; None for a mismatch.

        Older hashes were made of the password as sent, which was not normalized.
        """
        forms = dict.fromkeys([normalize(password), password])
        return next((form for form in forms if self.compare(stored, form)), None)

    def compare(self, stored: str | None, password: str) -> bool:
        """Return whether they match; a mismatch takes as long as a new hash."""
        readable = HASH.fullmatch(stored or "")
        spent = int(readable[1]) if readable else None
        try:
            matches = readable and self.bcrypt.check_password_hash(stored, password)
        except ValueError:  # a salt that bcrypt does not decode
            matches = spent = None
        if not matches:
            self._equalize(password, spent)
        return bool(matches)

    def _equalize(self, password: str, spent: int | None) -> None:
        """Spend the time of one full-cost hash, so that timing reveals nothing.

        A round doubles the work: after a hash of 10 rounds, one of 10 and one of 11
        rounds amount to 12.
        """
        rest = [self.rounds] if spent is None else range(spent, self.rounds)
        for rounds in rest:
            self.bcrypt.check_password_hash(f"$2b${rounds:02}${PLACEHOLDER}", password)


def init_app(app: Flask, settings: "Settings") -> None:
    """Configure hashes and rules."""
    app.extensions["passwords"] = Passwords(app, settings)


def _rules() -> Passwords:
    rules: Passwords = current_app.extensions["passwords"]
    return rules


def normalize(password: str) -> str:
    """Return the form that is hashed: NFC (RFC 8265, NIST SP 800-63B-4).

    Keyboards and systems differ in whether they compose accents.
    """
    return unicodedata.normalize("NFC", password)


def check_strength(password: str, *names: str | None, field: str = "password") -> None:
    """Raise Invalid for a password that is short, common, or the user's own name."""
    rules, password = _rules(), normalize(password)
    if len(password) < rules.min_length:
        error = FieldError(f"Use at least {rules.min_length} characters.", "length")
    elif len(password) > MAX_LENGTH:
        error = FieldError(f"Use at most {MAX_LENGTH} characters.", "length")
    elif password.lower() in rules.common:
        error = FieldError("This password is too common. Choose another one.", "common")
    elif password.lower() in {name.lower() for name in names if name}:
        error = FieldError(
            "The password must not be the email or the username.", "personal"
        )
    else:
        return
    raise Invalid({field: [error]})


def reserve() -> AbstractContextManager[None]:
    """Keep other requests from hashing in a block. Raises Unavailable."""
    return _rules().queue.reserved()


def make_hash(password: str) -> str:
    """Return the hash to store, which takes a quarter of a second at 12 rounds."""
    rules = _rules()
    compute = partial(rules.bcrypt.generate_password_hash, normalize(password))
    digest: bytes = rules.queue.run(compute)
    return digest.decode()


def matching_form(stored: str | None, password: str) -> str | None:
    """Return the form of a password that matches, normalized or as sent, or None.

    A mismatch always takes the time of one full-cost hash.
    """
    rules = _rules()
    return rules.queue.run(partial(rules.matching_form, stored, password))


def matches(stored: str | None, password: str) -> bool:
    """Return whether a password matches; a mismatch always takes equally long."""
    return matching_form(stored, password) is not None


def is_outdated(stored: str | None, form: str) -> bool:
    """Return whether a hash has too few rounds or is not of the normalized form."""
    return form != normalize(form) or (stored or "")[:7] < _rules().prefix
