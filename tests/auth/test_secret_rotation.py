"""Rotation of SECRET_KEY, which logs no user out."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.auth.token_signing import (
    OTHER_SECRET,
    SECRET,
    TokenPair,
    access_of,
    call_with,
    key_id,
    refresh_of,
    with_header_members,
)
from tests.helpers.client import Client, assert_problem

pytestmark = pytest.mark.one_database

KINDS: list[Callable[[Client], TokenPair]] = [access_of, refresh_of]


def client_of(client: Client, app: Flask) -> Client:
    """Return a client with the same credentials that calls another app."""
    other = Client(app, client.name)
    other.user, other.tokens = client.user, client.tokens
    return other


def test_tokens_of_the_previous_secret_are_accepted(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    renewed = app_with(secret_key=OTHER_SECRET, secret_key_previous=SECRET)

    response = client_of(ann, renewed).get("users/me")

    assert response.status_code == 200
    assert response.json == ann.user


@pytest.mark.parametrize("kind", KINDS, ids=["access", "refresh"])
def test_refresh_replaces_tokens_of_the_previous_secret(
    ann: Client, app_with: Callable[..., Flask], kind: Callable[[Client], TokenPair]
) -> None:
    renewed = app_with(secret_key=OTHER_SECRET, secret_key_previous=SECRET)
    client = client_of(ann, renewed)

    client.tokens = client.post(
        "auth/refresh", {"refresh_token": ann.tokens["refresh_token"]}
    ).json

    assert kind(ann).header["kid"] == key_id(SECRET)
    assert kind(client).header["kid"] == key_id(OTHER_SECRET)
    assert client.get("users/me").status_code == 200


def test_login_issues_tokens_of_the_new_secret(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    renewed = app_with(secret_key=OTHER_SECRET, secret_key_previous=SECRET)

    client = Client(renewed, "ann").log_in()

    assert access_of(client).header["kid"] == key_id(OTHER_SECRET)
    assert refresh_of(client).header["kid"] == key_id(OTHER_SECRET)


def test_tokens_of_a_removed_secret_are_rejected(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    renewed = client_of(ann, app_with(secret_key=OTHER_SECRET))
    token = {"refresh_token": ann.tokens["refresh_token"]}

    access, refresh = renewed.get("users/me"), renewed.post("auth/refresh", token)

    assert_problem(access, 401, "token-invalid")
    assert_problem(refresh, 401, "token-invalid")


def test_token_with_the_key_id_of_another_secret_is_rejected(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    renewed = app_with(secret_key=OTHER_SECRET, secret_key_previous=SECRET)
    forged = with_header_members(kid=key_id(OTHER_SECRET))(access_of(ann))

    response = call_with(Client(renewed), forged)

    assert_problem(response, 401, "token-invalid")
