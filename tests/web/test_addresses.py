"""Client addresses: a client cannot appear as several clients."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.helpers.client import PASSWORD, Client, assert_problem

pytestmark = pytest.mark.one_database

MakeApp = Callable[..., Flask]
MAX_ATTEMPTS = 100
FORMS = {
    "192.0.2.7": "192.0.2.7",
    "192.0.2.7:51234": "192.0.2.7",
    "[192.0.2.7]:51234": "192.0.2.7",
    "::ffff:192.0.2.7": "192.0.2.7",
    "[::ffff:c000:207]:443": "192.0.2.7",
    "2001:DB8:0:0::7": "2001:db8::7",
    "[2001:db8::7]": "2001:db8::7",
    "[2001:db8::7]:51234": "2001:db8::7",
    "fe80::1%eth0": "fe80::1",
    "[fe80::1%25eth0]:443": "fe80::1",
    "2001:0db8:0000:0000:0000:ffff:192.168.100.2000": None,  # 46 characters
    "0000:0000:0000:0000:0000:ffff:192.0.2.7%enp1s0": "192.0.2.7",  # 47 characters
    "fe80:0000:0000:0000:0202:b3ff:fe1e:8329%interface0": "fe80::202:b3ff:fe1e:8329",
    "192.0.2.007": None,
    "unknown": None,
    "_hidden": None,
    "": None,
    "a" * 300: None,
    "192.0.2.7\x1b[31m": None,
}


def log_in(app: Flask, ip: str, name: str, password: str = PASSWORD) -> TestResponse:
    """Log in through a proxy that reports an address."""
    body = {"username": name, "password": password}
    return Client(app).post("auth/login", body, headers={"X-Forwarded-For": ip})


@pytest.mark.parametrize("ip", FORMS, ids=ascii)
def test_login_accepts_any_form_of_client_address(ann: Client, ip: str) -> None:
    login = {"username": "ann@example.org", "password": PASSWORD}

    response = Client(ann.app).post(
        "auth/login", login, environ_base={"REMOTE_ADDR": ip}
    )

    assert response.status_code == 200
    ann.tokens = response.json
    assert ann.get("auth/sessions").json["items"][0]["ip"] == FORMS[ip]


@pytest.mark.parametrize("ip", [ip for ip in FORMS if ip.isprintable()], ids=ascii)
def test_login_accepts_addresses_forwarded_by_proxies(
    ann: Client, app_with: MakeApp, ip: str
) -> None:
    reported = FORMS[ip] if ip else "127.0.0.1"  # that of the proxy

    response = log_in(app_with(trusted_proxies=1), ip, "ann@example.org")

    assert response.status_code == 200
    ann.tokens = response.json
    assert ann.get("auth/sessions").json["items"][0]["ip"] == reported


ONE_CLIENT = {
    "ports": lambda n: f"192.0.2.7:{1024 + n}",
    "bracketed-ports": lambda n: f"[2001:db8::7]:{1024 + n}",
    "zones": lambda n: f"fe80::1%eth{n}",
    "one-64": lambda n: f"2001:db8:1:2:{n:x}::{n + 1:x}",
    "mapped": lambda n: ("192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207")[n % 3],
    "unparsable": lambda n: f"host-{n}",
}


@pytest.mark.parametrize("form", ONE_CLIENT.values(), ids=ONE_CLIENT)
def test_rate_limit_treats_forms_of_one_address_as_one_client(
    app: Flask, app_with: MakeApp, form: Callable[[int], str]
) -> None:
    limits = {"ratelimit_enabled": True, "ratelimit_auth_per_minute": 3}
    limited = app_with(trusted_proxies=1, **limits)

    responses = [log_in(limited, form(n), f"user{n}") for n in range(5)]

    assert [response.status_code for response in responses] == [401] * 3 + [429] * 2


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(
            form, id=name, marks=[] if name == "one-64" else [pytest.mark.slow]
        )
        for name, form in ONE_CLIENT.items()
    ],
)
def test_failed_logins_of_one_client_are_counted_together(
    app_with: MakeApp, form: Callable[[int], str]
) -> None:
    app = app_with(trusted_proxies=1)
    for n in range(MAX_ATTEMPTS):
        log_in(app, form(n), uuid4().hex)

    response = log_in(app, form(MAX_ATTEMPTS + 1), "another")

    assert_problem(response, 429, "rate-limited")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.7", "192.0.2.8"),
        ("2001:db8:1:2::7", "2001:db8:1:3::7"),
        ("192.0.2.7", "::192.0.2.7"),
        ("unparsable", "192.0.2.7"),
    ],
)
def test_rate_limit_counts_networks_separately(
    app: Flask, app_with: MakeApp, one: str, other: str
) -> None:
    limits = {"ratelimit_enabled": True, "ratelimit_auth_per_minute": 1}
    limited = app_with(trusted_proxies=1, **limits)
    log_in(limited, one, "unknown")

    responses = log_in(limited, one, "unknown"), log_in(limited, other, "unknown")

    assert [response.status_code for response in responses] == [429, 401]
