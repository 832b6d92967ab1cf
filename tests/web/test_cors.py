"""CORS preflight requests from a listed origin."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.helpers.client import Client

pytestmark = pytest.mark.one_database

ORIGIN = "https://app.example.org"
PRIVATE = "Access-Control-Allow-Private-Network"
ASKED = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Private-Network": "true",
}
MakeApp = Callable[..., Flask]


def test_preflight_is_cached_for_two_hours(make_app: MakeApp) -> None:
    anonymous = Client(make_app(cors_origins=(ORIGIN,)))

    response = anonymous.call("OPTIONS", "tasks/1", headers=ASKED)

    assert response.headers["Access-Control-Max-Age"] == "7200"


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("allowed", [False, True])
def test_private_network_access_requires_the_setting(
    make_app: MakeApp, method: str, *, allowed: bool
) -> None:
    anonymous = Client(make_app(cors_origins=(ORIGIN,), cors_private_network=allowed))

    response = anonymous.call(method, "", headers=ASKED)

    assert response.headers.get(PRIVATE) == ("true" if allowed else None)


@pytest.mark.parametrize(
    "sent",
    [
        {"Access-Control-Request-Private-Network": ""},
        {"Origin": "https://evil.example"},
    ],
    ids=["not-requested", "other-origin"],
)
def test_private_network_header_is_sent_only_on_request(
    make_app: MakeApp, sent: dict[str, str]
) -> None:
    anonymous = Client(make_app(cors_origins=(ORIGIN,), cors_private_network=True))

    response = anonymous.call("OPTIONS", "", headers=ASKED | sent)

    assert PRIVATE not in response.headers
