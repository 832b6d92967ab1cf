"""Rules of passwords and the hash queue, without an app."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

import pytest

from taskapi import passwords
from taskapi.errors import Unavailable
from taskapi.passwords import HashQueue

RESULT = 42
LOWEST_PRIORITY = 19
TIMEOUT_SECONDS = 30
SHORT = 0.001


def common() -> list[str]:
    """Return the list of common passwords."""
    lines = passwords.COMMON_PASSWORDS.read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


@contextmanager
def occupied(queue: HashQueue) -> Iterator[None]:
    """Keep the queue busy in the block, with a short timeout for other callers."""
    started, ended = Event(), Event()

    def occupy() -> bool:
        started.set()
        return ended.wait(TIMEOUT_SECONDS)

    thread = Thread(target=queue.run, args=[occupy])
    thread.start()
    try:
        assert started.wait(TIMEOUT_SECONDS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(passwords, "TIMEOUT_SECONDS", SHORT)
            yield
    finally:
        ended.set()
        thread.join()


def niceness() -> int:
    """Return the niceness of the current thread."""
    return os.getpriority(os.PRIO_PROCESS, 0)


def compute() -> int:
    return RESULT


def fail() -> None:
    raise ValueError("not a hash")


def test_common_passwords_contain_thousands_of_acceptable_length() -> None:
    acceptable = {word for word in common() if len(word) >= passwords.MIN_LENGTH}

    assert len(acceptable) >= 3000


def test_common_passwords_are_lower_case() -> None:
    lowered = [word.lower() for word in common()]

    assert lowered == common()


def test_hash_queue_raises_unavailable_after_the_timeout() -> None:
    queue = HashQueue()

    with occupied(queue), pytest.raises(Unavailable) as raised:
        queue.run(compute)

    assert raised.value.details == {"retry_after": SHORT}


def test_hash_queue_skips_hashes_after_their_timeout() -> None:
    queue = HashQueue()
    computed: list[int] = []

    with occupied(queue), pytest.raises(Unavailable):
        queue.run(partial(computed.append, RESULT))

    assert queue.run(compute) == RESULT
    assert computed == []


def test_hash_queue_is_free_after_a_failure() -> None:
    queue = HashQueue()

    with pytest.raises(ValueError, match="not a hash"):
        queue.run(fail)

    assert queue.run(compute) == RESULT


def test_hash_queue_frees_the_places_of_timed_out_callers() -> None:
    queue = HashQueue()
    rejected = 0

    with occupied(queue):
        for _ in range(3 * (1 + passwords.MAX_WAITING)):
            with pytest.raises(Unavailable):
                queue.run(compute)
            rejected += 1

    assert rejected == 3 * (1 + passwords.MAX_WAITING)
    assert queue.run(compute) == RESULT


@pytest.mark.skipif(sys.platform != "linux", reason="priority of threads: Linux only")
def test_hash_queue_lowers_the_priority_of_its_thread() -> None:
    before = niceness()

    in_queue = HashQueue().run(niceness)

    assert in_queue == min(before + passwords.NICENESS, LOWEST_PRIORITY)
    assert niceness() == before
