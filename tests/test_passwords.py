"""The rules of passwords that are easier to state on functions."""

import pytest

from taskapi import passwords
from taskapi.errors import Unavailable


def common() -> list[str]:
    """Return the list of common passwords."""
    lines = passwords.COMMON.read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def refusals(slot: passwords.Slot, attempts: int) -> int:
    """Ask for a busy slot so often, and count how often it is refused."""
    refused = 0
    for _ in range(attempts):
        with pytest.raises(Unavailable), slot():
            pass
        refused += 1
    return refused


def test_thousands_of_common_passwords_of_acceptable_length_are_known() -> None:
    fitting = {word for word in common() if len(word) >= passwords.MIN_LENGTH}

    assert len(fitting) >= 3000


def test_common_passwords_are_listed_as_they_are_compared() -> None:
    folded = [word.lower() for word in common()]

    assert folded == common()


def test_who_waits_too_long_for_a_hash_is_asked_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.01)
    slot = passwords.Slot()

    with slot(), pytest.raises(Unavailable) as refusal, slot():
        pass

    assert refusal.value.details == {"retry_after": 0.01}


def test_a_slot_is_free_again_after_a_failure() -> None:
    slot = passwords.Slot()

    with pytest.raises(ValueError, match="not a hash"), slot():
        raise ValueError("not a hash")

    with slot() as entered:
        assert entered is None


def test_the_places_of_who_gave_up_are_free_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.001)
    slot = passwords.Slot()
    attempts = 3 * (1 + passwords.WAITING)

    with slot():
        given_up = refusals(slot, attempts)

    assert given_up == attempts
    with slot() as entered:
        assert entered is None
