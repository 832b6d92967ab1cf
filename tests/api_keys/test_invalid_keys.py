"""Invalid API keys, and the number of statements to detect them."""

from collections.abc import Callable

import pytest

from taskapi.api_keys import key_format
from tests.api_keys.clients import KeyClient
from tests.auth.token_signing import INVALID_TOKEN, REALM
from tests.helpers.client import Client, assert_problem
from tests.helpers.operations import (
    OTHER_PLACES,
    Place,
    call_each_policy,
    challenges,
)

pytestmark = pytest.mark.one_database


def another(character: str) -> str:
    return "A" if character != "A" else "B"


def changed(place: int) -> Callable[[str], str]:
    """Return a function that changes the character at a position."""
    return lambda text: (
        text[:place] + another(text[place]) + text[place + 1 :][: len(text)]
    )


MUTATIONS: dict[str, Callable[[str], str]] = {
    "first-of-the-prefix": lambda t: t[:4] + ("0" if t[4] != "0" else "1") + t[5:],
    "last-of-the-prefix": lambda t: t[:11] + ("0" if t[11] != "0" else "1") + t[12:],
    "first-of-the-secret": changed(13),
    "middle-of-the-secret": changed(30),
    "first-of-the-checksum": changed(51),
    "last-character": lambda t: t[:-1] + another(t[-1]),
    "truncated": lambda t: t[:-1],
    "only-the-prefix": lambda t: t[:13],
    "only-the-mark": lambda t: t[:4],
    "longer": lambda t: f"{t}A",
    "padded": lambda t: f"{t}=",
    "upper-case": str.upper,
    "mark-in-capitals": lambda t: "TSK" + t[3:],
    "twice": lambda t: t + t,
    "two-in-one": lambda t: f"{t},{t}",
    "line-end": lambda t: f"{t}%0A",
    "fullwidth": lambda t: t[:-1] + "\xff",
    "endless": lambda t: t + "A" * 5000,
    "zeros": lambda _: f"tsk_{'0' * 8}_{'A' * 43}",
}


@pytest.mark.parametrize("mutate", MUTATIONS.values(), ids=MUTATIONS)
def test_mistyped_key_costs_no_statement(
    script: KeyClient, statements: list[str], mutate: Callable[[str], str]
) -> None:
    mistyped = {"X-API-Key": mutate(script.text)}
    statements.clear()

    responses = call_each_policy(script, headers=mistyped)

    assert challenges(responses, "api-key-invalid") == {INVALID_TOKEN}
    assert statements == []


def test_mistyped_key_as_bearer_token_is_an_invalid_key(
    anonymous: Client, script: KeyClient, statements: list[str]
) -> None:
    statements.clear()
    bearer = {"Authorization": f"Bearer {script.text[:-1]}"}

    response = anonymous.get("tasks", headers=bearer)

    assert_problem(response, 401, "api-key-invalid")
    assert statements == []


def test_invented_key_costs_one_statement(
    anonymous: Client, statements: list[str]
) -> None:
    invented = {"X-API-Key": key_format.generate().text}

    response = anonymous.get("tasks", headers=invented)

    assert_problem(response, 401, "api-key-invalid")
    assert len(statements) == 1


def test_prefix_of_a_key_gives_no_access(
    anonymous: Client, script: KeyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = script.text.split("_")[1]
    monkeypatch.setattr("secrets.token_hex", lambda _length: prefix)
    same_prefix = {"X-API-Key": key_format.generate().text}

    response = anonymous.get("tasks", headers=same_prefix)

    assert same_prefix["X-API-Key"].startswith(f"tsk_{prefix}_")
    assert_problem(response, 401, "api-key-invalid")


@pytest.mark.parametrize("place", OTHER_PLACES.values(), ids=OTHER_PLACES)
@pytest.mark.parametrize("name", ["api_key", "X-API-Key", "access_token"])
def test_key_is_accepted_only_in_its_headers(
    script: KeyClient, name: str, place: Place
) -> None:
    misplaced = place(name, script.text)

    responses = call_each_policy(script, **misplaced)

    assert challenges(responses, "token-missing") == {REALM}
    assert [a for a in responses.values() if script.text in a.text] == []


@pytest.mark.parametrize("header", ["", " "], ids=repr)
def test_empty_key_counts_as_no_credentials(anonymous: Client, header: str) -> None:
    response = anonymous.get("tasks", headers={"X-API-Key": header})

    assert_problem(response, 401, "token-missing")
