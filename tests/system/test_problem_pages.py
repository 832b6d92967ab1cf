"""The pages that the `type` of each problem links to."""

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask

from taskapi import errors
from taskapi.web.problem_types import PROBLEM_TYPES, example_of
from tests.helpers.client import Client, assert_problem

pytestmark = pytest.mark.one_database

HTML = {"Accept": "text/html"}
CODES = {
    400: {"bad-request", "malformed-json"},
    401: {
        "token-missing",
        "token-expired",
        "token-invalid",
        "session-revoked",
        "invalid-credentials",
        "api-key-invalid",
        "api-key-expired",
    },
    403: {
        "insufficient-scope",
        "session-required",
        "admin-required",
        "account-disabled",
        "email-not-verified",
        "registration-closed",
    },
    404: {"not-found"},
    405: {"method-not-allowed"},
    409: {"already-exists", "last-admin", "limit-reached", "request-in-progress"},
    412: {"precondition-failed"},
    413: {"payload-too-large"},
    414: {"uri-too-long"},
    415: {"unsupported-media-type"},
    417: {"expectation-failed"},
    422: {
        "validation-error",
        "invalid-cursor",
        "parent-cycle",
        "parent-too-deep",
        "idempotency-key-reused",
    },
    428: {"precondition-required"},
    429: {"rate-limited"},
    431: {"headers-too-large"},
    500: {"internal-error"},
    501: {"not-implemented"},
    503: {"service-unavailable"},
}


def page_text(page: str) -> str:
    """Return the text of a page, with code in backticks."""
    return unescape(re.sub("</?code>", "`", page))


def by_status(problems: list[dict[str, object]]) -> dict[object, set[object]]:
    statuses = {problem["status"] for problem in problems}
    return {
        status: {one["code"] for one in problems if one["status"] == status}
        for status in statuses
    }


def kinds(parent: type[errors.Problem]) -> set[type[errors.Problem]]:
    subclasses = {kind for child in parent.__subclasses__() for kind in kinds(child)}
    return subclasses | {parent}


def test_problems_keep_their_codes_and_statuses(anonymous: Client) -> None:
    listed = by_status(anonymous.get("/problems").json)

    missing = {status: codes - listed[status] for status, codes in CODES.items()}

    assert missing == {status: set() for status in CODES}


def test_list_links_every_problem(anonymous: Client) -> None:
    page = anonymous.get("/problems", headers=HTML)

    links = [code for code in PROBLEM_TYPES if f'href="/problems/{code}"' in page.text]
    assert page.content_type == "text/html; charset=utf-8"
    assert links == list(PROBLEM_TYPES)


@pytest.mark.parametrize("code", PROBLEM_TYPES)
def test_problem_page_is_json_for_programs(anonymous: Client, code: str) -> None:
    response = anonymous.get(f"/problems/{code}")

    kind = PROBLEM_TYPES[code]
    assert response.content_type == "application/json"
    assert response.json == {
        "type": f"/problems/{code}",
        "code": code,
        "status": kind.status,
        "title": kind.title,
        "detail": kind.detail,
        "example": example_of(code),
    }


@pytest.mark.parametrize("code", PROBLEM_TYPES)
def test_problem_page_is_html_for_browsers(anonymous: Client, code: str) -> None:
    response = anonymous.get(f"/problems/{code}", headers=HTML)

    kind, text = PROBLEM_TYPES[code], page_text(response.text)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert f"<h1>{kind.title}</h1>" in text
    assert kind.detail in text
    assert json.dumps(example_of(code), indent=2) in text


@pytest.mark.parametrize(
    "headers", [{}, HTML, {"Accept": "*/*"}], ids=["none", "html", "any"]
)
@pytest.mark.parametrize("code", ["unknown", "not-found.html", "NOT-FOUND", "%00"])
def test_unknown_problem_has_no_page(
    anonymous: Client, code: str, headers: dict[str, str]
) -> None:
    response = anonymous.get(f"/problems/{code}", headers=headers)

    assert_problem(response, 404, "not-found")


def test_problem_type_is_the_url_of_its_page(anonymous: Client) -> None:
    problem = assert_problem(anonymous.get("users/me"), 401, "token-missing")

    page = anonymous.get(problem["type"])

    assert page.json["title"] == problem["title"]


def test_every_problem_class_has_a_page() -> None:
    codes = {kind.code for kind in kinds(errors.Problem) if hasattr(kind, "code")}

    assert codes <= set(PROBLEM_TYPES)


@pytest.mark.parametrize("path", ["/problems", "/problems/not-found"])
@pytest.mark.parametrize("enabled", [True, False])
def test_page_links_to_the_documentation(
    make_app: Callable[..., Flask], path: str, *, enabled: bool
) -> None:
    anonymous = Client(make_app(docs_enabled=enabled))

    page = anonymous.get(path, headers=HTML).text

    assert ('href="/docs"' in page) == enabled
    assert 'href="/problems"' in page


def test_markup_in_a_url_is_escaped(anonymous: Client) -> None:
    response = anonymous.get("/problems/<script>alert(1)<%2Fscript>", headers=HTML)

    assert_problem(response, 404, "not-found")
    assert "<script>" not in response.text
