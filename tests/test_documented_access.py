"""The document says of each operation what its guard does."""

from typing import Any

import pytest
from flask import Flask

from tests.support import API, Client

LOGINS = [{"bearer": []}, {"password": []}]
SESSIONS_ONLY = "For login sessions only; API keys are refused."
UNCOUNTED = {"GET /health", "GET /health/live", f"GET {API}"}


@pytest.fixture(scope="module")
def operations(apps: dict[str, Flask]) -> dict[str, Any]:
    """Return the documented operations by method and path."""
    paths = Client(apps["sqlite"]).get("/openapi.json").json["paths"]
    return {
        f"{method.upper()} {path}": operation
        for path, item in paths.items()
        for method, operation in item.items()
        if method != "parameters"
    }


@pytest.fixture(scope="module")
def guarded(operations: dict[str, Any]) -> dict[str, Any]:
    """Return the operations that need a caller."""
    return {name: one for name, one in operations.items() if one["security"]}


def scopes(operation: dict[str, Any]) -> list[str]:
    """Return the scopes of which a key needs one."""
    ways = operation["security"]
    return [scope for way in ways for scope in way.get("apiKey", [])]


def refusing(operations: dict[str, Any], status: str) -> set[str]:
    return {name for name, one in operations.items() if status in one["responses"]}


def test_both_ways_to_log_in_open_every_guarded_operation(
    guarded: dict[str, Any],
) -> None:
    found = [one["security"][: len(LOGINS)] for one in guarded.values()]

    assert found == [LOGINS] * len(guarded)


def test_a_key_is_one_way_more_where_it_has_a_scope(guarded: dict[str, Any]) -> None:
    found = {name: len(one["security"]) for name, one in guarded.items()}

    assert found == {name: 2 + len(scopes(one)) for name, one in guarded.items()}


def test_every_guarded_operation_may_refuse_who_calls_and_what_they_hold(
    operations: dict[str, Any], guarded: dict[str, Any]
) -> None:
    assert set(guarded) <= refusing(operations, "401")
    assert set(guarded) <= refusing(operations, "403")


def test_every_operation_is_counted_except_those_of_monitors(
    operations: dict[str, Any],
) -> None:
    assert set(operations) - refusing(operations, "429") == UNCOUNTED


def test_a_description_ends_with_what_a_key_needs(guarded: dict[str, Any]) -> None:
    last = {name: one["description"].split("\n\n")[-1] for name, one in guarded.items()}

    assert last == {
        name: "".join(f"API keys need the scope `{s}`." for s in scopes(one))
        or SESSIONS_ONLY
        for name, one in guarded.items()
    }


def test_a_public_operation_says_nothing_of_keys(
    operations: dict[str, Any], guarded: dict[str, Any]
) -> None:
    said = [operations[name]["description"] for name in set(operations) - set(guarded)]

    assert [text for text in said if "API key" in text] == []


def test_what_is_described_is_described_in_sentences(
    operations: dict[str, Any],
) -> None:
    told = {name: one["description"] for name, one in operations.items()}

    assert [name for name, text in told.items() if not f".{text}".endswith(".")] == []
