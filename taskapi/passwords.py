"""Passwords: what is accepted, how it is kept, and how many are hashed at once."""

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
COMMON = Path(__file__).with_name("common_passwords.txt")

HASH = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
NOBODY = "." * 53

WAITING = 32
"""How many may wait for their turn; gunicorn has as many threads more.

More than can succeed: who waits in vain does not ask again at once.
"""

WAIT_SECONDS = 2
NICENESS = 10
"""A hash takes a tenth of a processor from a thread that always has work."""


class Slot:
    """One hash at a time in each process, so that a burst of logins stops no others.

    Its thread lets those of other requests go first. Up to `WAITING` callers wait for
    the slot; for more callers Unavailable is raised.
    """

    def __init__(self) -> None:
        self._places = BoundedSemaphore(WAITING)
        self._lock = RLock()  # its holder may hash more than once
        self._thread = ThreadPoolExecutor(1, "hash", _give_way)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have the slot for the block; raises Unavailable if it does not get free."""
        if not self._lock.acquire(blocking=False):
            self._wait()
        try:
            yield
        finally:
            self._lock.release()

    def run(self, compute: Callable[[], Result]) -> Result:
        """Return the result; raises Unavailable if the slot does not get free."""
        with self.taken():
            release_slot()
            return self._thread.submit(compute).result()

    def _wait(self) -> None:
        if not self._places.acquire(blocking=False):
            raise Unavailable(retry_after=WAIT_SECONDS)
        release_slot()
        try:
            if not self._lock.acquire(timeout=WAIT_SECONDS):
                raise Unavailable(retry_after=WAIT_SECONDS)
        finally:
            self._places.release()


def _give_way() -> None:
    """Have little of a processor that others want; only Linux does so for a thread."""
    if sys.platform == "linux":
        os.nice(NICENESS)


class Passwords:
    """The rules of one app: bcrypt over SHA-256, so that all characters count."""

    def __init__(self, app: Flask, settings: "Settings") -> None:
        app.config["BCRYPT_LOG_ROUNDS"] = settings.bcrypt_rounds
        app.config["BCRYPT_HANDLE_LONG_PASSWORDS"] = True
        self.bcrypt = Bcrypt(app)
        self.rounds = settings.bcrypt_rounds
        self.prefix = f"$2b${self.rounds:02}$"
        self.min_length = settings.password_min_length
        self.common = frozenset(COMMON.read_text().splitlines())
        self.slot = Slot()

    def matching_form(self, stored: str | None, password: str) -> str | None:
        """Return the form of which the stored one is the hash; None for a mismatch.

        Hashes were made of passwords as sent before they were normalized.
        """
        forms = dict.fromkeys([normalize(password), password])
        return next((form for form in forms if self.compare(stored, form)), None)

    def compare(self, stored: str | None, password: str) -> bool:
        """Tell whether they match; spend on a denial what a hash of today takes."""
        readable = HASH.fullmatch(stored or "")
        spent = int(readable[1]) if readable else None
        try:
            same = readable and self.bcrypt.check_password_hash(stored, password)
        except ValueError:  # a salt that bcrypt does not decode
            same = spent = None
        if not same:
            self._spend_the_rest(password, spent)
        return bool(same)

    def _spend_the_rest(self, password: str, spent: int | None) -> None:
        """Hash for nobody until as much is spent as on one hash of today.

        A round doubles the work: who has spent 10 rounds gets to 12 by 10 and 11.
        """
        rest = [self.rounds] if spent is None else range(spent, self.rounds)
        for rounds in rest:
            self.bcrypt.check_password_hash(f"$2b${rounds:02}${NOBODY}", password)


def init_app(app: Flask, settings: "Settings") -> None:
    """Take the rules from the settings."""
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
        fault = FieldError(f"Use at least {rules.min_length} characters.", "length")
    elif len(password) > MAX_LENGTH:
        fault = FieldError(f"Use at most {MAX_LENGTH} characters.", "length")
    elif password.lower() in rules.common:
        fault = FieldError(
            "This password is among those that are guessed first.", "common"
        )
    elif password.lower() in {name.lower() for name in names if name}:
        fault = FieldError(
            "The password must not be the email or the username.", "personal"
        )
    else:
        return
    raise Invalid({field: [fault]})


def slot() -> AbstractContextManager[None]:
    """Have the hash slot for a block; raises Unavailable if it does not get free."""
    return _rules().slot.taken()


def make_hash(password: str) -> str:
    """Return the hash to store; takes a quarter of a second at 12 rounds."""
    rules = _rules()
    compute = partial(rules.bcrypt.generate_password_hash, normalize(password))
    digest: bytes = rules.slot.run(compute)
    return digest.decode()


def matching_form(stored: str | None, password: str) -> str | None:
    """Return the form of the password that is stored; each denial takes equally long.

    It is normalized, or as sent where an older hash was made of that.
    """
    rules = _rules()
    return rules.slot.run(partial(rules.matching_form, stored, password))


def matches(stored: str | None, password: str) -> bool:
    """Return whether the password is the stored one; each denial takes equally long."""
    return matching_form(stored, password) is not None


def is_outdated(stored: str | None, form: str) -> bool:
    """Return whether the hash has too few rounds, or is not of the normalized form."""
    return form != normalize(form) or (stored or "")[:7] < _rules().prefix
