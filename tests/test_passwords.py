"""The rules of passwords that are easier to state on functions."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

import pytest

from taskapi import passwords
from taskapi.errors import Unavailable

ANSWER = 42
LEAST_PRIORITY = 19
SECONDS_TO_HOLD = 30
SHORT = 0.001


def common() -> list[str]:
    """Return the list of common passwords."""
    lines = passwords.COMMON.read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


@contextmanager
def taken(slot: passwords.Slot) -> Iterator[None]:
    """Keep the slot busy for the block, in which nobody waits for it long."""
    begun, over = Event(), Event()

    def hold() -> bool:
        begun.set()
        return over.wait(SECONDS_TO_HOLD)

    holder = Thread(target=slot.run, args=[hold])
    holder.start()
    try:
        assert begun.wait(SECONDS_TO_HOLD)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(passwords, "WAIT_SECONDS", SHORT)
            yield
    finally:
        over.set()
        holder.join()


def niceness() -> int:
    """Return how much the thread that asks lets others go first."""
    return os.getpriority(os.PRIO_PROCESS, 0)


def answer() -> int:
    return ANSWER


def fail() -> None:
    raise ValueError("not a hash")


def test_thousands_of_common_passwords_of_acceptable_length_are_known() -> None:
    fitting = {word for word in common() if len(word) >= passwords.MIN_LENGTH}

    assert len(fitting) >= 3000


def test_common_passwords_are_listed_as_they_are_compared() -> None:
    folded = [word.lower() for word in common()]

    assert folded == common()


def test_who_waits_too_long_for_a_hash_is_asked_to_come_back() -> None:
    slot = passwords.Slot()

    with taken(slot), pytest.raises(Unavailable) as refusal:
        slot.run(answer)

    assert refusal.value.details == {"retry_after": SHORT}


def test_a_hash_that_nobody_waits_for_any_more_is_not_made() -> None:
    slot = passwords.Slot()
    made: list[int] = []

    with taken(slot), pytest.raises(Unavailable):
        slot.run(partial(made.append, ANSWER))

    assert slot.run(answer) == ANSWER
    assert made == []


def test_a_slot_is_free_again_after_a_failure() -> None:
    slot = passwords.Slot()

    with pytest.raises(ValueError, match="not a hash"):
        slot.run(fail)

    assert slot.run(answer) == ANSWER


def test_the_places_of_who_gave_up_are_free_again() -> None:
    slot = passwords.Slot()
    refused = 0

    with taken(slot):
        for _ in range(3 * (1 + passwords.WAITING)):
            with pytest.raises(Unavailable):
                slot.run(answer)
            refused += 1

    assert refused == 3 * (1 + passwords.WAITING)
    assert slot.run(answer) == ANSWER


@pytest.mark.skipif(sys.platform != "linux", reason="others do so for processes alone")
def test_a_hash_lets_other_threads_go_first() -> None:
    before = niceness()

    in_slot = passwords.Slot().run(niceness)

    assert in_slot == min(before + passwords.NICENESS, LEAST_PRIORITY)
    assert niceness() == before
