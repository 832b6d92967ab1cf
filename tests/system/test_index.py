"""The root of the server and the index of the API."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.helpers.client import Client

pytestmark = pytest.mark.one_database

MakeApp = Callable[..., Flask]
LINKS = {
    "api": "/api/v1",
    "health": "/health",
    "problems": "/problems",
    "docs": "/docs",
    "openapi": "/openapi.json",
}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def undocumented(make_app: MakeApp) -> Client:
    """Return a client of an app that serves no documentation."""
    return Client(make_app(docs_enabled=False))


def open_all(client: Client, links: dict[str, str]) -> dict[str, int]:
    return {name: client.get(path).status_code for name, path in links.items()}


def test_browser_is_redirected_to_the_documentation(anonymous: Client) -> None:
    response = anonymous.get("/", headers={"Accept": BROWSER})

    assert (response.status_code, response.location) == (302, "/docs")


@pytest.mark.parametrize(
    "accepted",
    ["", "*/*", "application/json", "text/html;q=0.5, application/json"],
    ids=["nothing", "anything", "json", "rather-json"],
)
def test_index_returns_links_as_json(anonymous: Client, accepted: str) -> None:
    response = anonymous.get("/", headers={"Accept": accepted})

    assert (response.status_code, response.json) == (200, LINKS)


def test_every_link_of_the_index_works(anonymous: Client) -> None:
    links = anonymous.get("/").json

    found = open_all(anonymous, links)

    assert found == dict.fromkeys(LINKS, 200)


def test_disabled_documentation_is_not_linked(undocumented: Client) -> None:
    browser = undocumented.get("/", headers={"Accept": BROWSER})
    program = undocumented.get("/")
    index = undocumented.get("")

    expected = {name: LINKS[name] for name in ("api", "health", "problems")}
    assert (browser.status_code, browser.location) == (302, "/problems")
    assert program.json == index.json["links"] == expected


def test_index_describes_the_service(anonymous: Client) -> None:
    response = anonymous.get("")

    assert response.json == {
        "name": "taskapi",
        "version": "0.1.0",
        "features": {
            "registration": True,
            "require_if_match": False,
            "require_verified_email": False,
            "mail": False,
        },
        "limits": {
            "body_bytes": 1_048_576,
            "page": 100,
            "offset": 10_000,
            "tasks": 100_000,
            "password_min_length": 8,
            "password_max_length": 128,
            "api_keys_per_account": 50,
            "sessions_per_account": 50,
        },
        "links": LINKS,
    }


def test_index_shows_settings(make_app: MakeApp) -> None:
    chosen = {"registration": "closed", "smtp_url": "smtp://mail.example.org"}
    strict = {"require_if_match": True, "require_verified_email": True}
    anonymous = Client(make_app(password_min_length=12, **chosen, **strict))

    index = anonymous.get("").json

    assert index["features"] == {"registration": False, "mail": True} | strict
    assert index["limits"]["password_min_length"] == 12


@pytest.mark.parametrize("path", ["", "/", "/problems", "/docs"])
def test_public_page_runs_no_statement(
    anonymous: Client, statements: list[str], path: str
) -> None:
    response = anonymous.get(path)

    assert response.status_code == 200
    assert statements == []
