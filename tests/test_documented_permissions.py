"""Security requirements in the OpenAPI document."""

from typing import Any

import pytest
from flask import Flask

from tests.helpers.client import API, Client

LOGINS = [{"bearer": []}, {"password": []}]
SESSIONS_ONLY = "Requires a login session. API keys are not accepted."
WITHOUT_LIMIT = {"GET /health", "GET /health/live", f"GET {API}"}


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
def private(operations: dict[str, Any]) -> dict[str, Any]:
    """Return the operations that require login."""
    return {name: one for name, one in operations.items() if one["security"]}


def scopes(operation: dict[str, Any]) -> list[str]:
    """Return the scopes of which a key needs one."""
    ways = operation["security"]
    return [scope for way in ways for scope in way.get("apiKey", [])]


def documenting(operations: dict[str, Any], status: str) -> set[str]:
    return {name for name, one in operations.items() if status in one["responses"]}


def test_private_operation_documents_both_logins(
    private: dict[str, Any],
) -> None:
    found = [one["security"][: len(LOGINS)] for one in private.values()]

    assert found == [LOGINS] * len(private)


def test_operation_with_scope_documents_api_keys(private: dict[str, Any]) -> None:
    found = {name: len(one["security"]) for name, one in private.items()}

    assert found == {name: 2 + len(scopes(one)) for name, one in private.items()}


def test_private_operation_documents_401_and_403(
    operations: dict[str, Any], private: dict[str, Any]
) -> None:
    assert set(private) <= documenting(operations, "401")
    assert set(private) <= documenting(operations, "403")


def test_operation_documents_429_except_monitoring(
    operations: dict[str, Any],
) -> None:
    assert set(operations) - documenting(operations, "429") == WITHOUT_LIMIT


def test_description_ends_with_required_scope(private: dict[str, Any]) -> None:
    last = {name: one["description"].split("\n\n")[-1] for name, one in private.items()}

    assert last == {
        name: "".join(f"API keys need the scope `{s}`." for s in scopes(one))
        or SESSIONS_ONLY
        for name, one in private.items()
    }


def test_public_operation_mentions_no_api_keys(
    operations: dict[str, Any], private: dict[str, Any]
) -> None:
    texts = [operations[name]["description"] for name in set(operations) - set(private)]

    assert [
        text for text in texts if "API keys need" in text or SESSIONS_ONLY in text
    ] == []


def test_description_consists_of_sentences(
    operations: dict[str, Any],
) -> None:
    descriptions = {name: one["description"] for name, one in operations.items()}

    assert [
        name for name, text in descriptions.items() if not f".{text}".endswith(".")
    ] == []
