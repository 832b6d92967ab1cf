"""The key of the tokens changes and nobody is logged out."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.auth.forging import (
    OTHER_SECRET,
    SECRET,
    Good,
    access_of,
    call_with,
    heading,
    key_id,
    refresh_of,
)
from tests.support import Client, refused

KINDS: list[Callable[[Client], Good]] = [access_of, refresh_of]


def moved(client: Client, app: Flask) -> Client:
    """Return the same client, who calls another app."""
    there = Client(app, client.name)
    there.user, there.tokens = client.user, client.tokens
    return there


def test_tokens_of_the_previous_key_are_taken(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    renewed = twin(secret_key=OTHER_SECRET, secret_key_previous=SECRET)

    answer = moved(ann, renewed).get("users/me")

    assert answer.status_code == 200
    assert answer.json == ann.user


@pytest.mark.parametrize("kind", KINDS, ids=["access", "refresh"])
def test_a_refresh_leads_from_the_previous_key_to_the_new_one(
    ann: Client, twin: Callable[..., Flask], kind: Callable[[Client], Good]
) -> None:
    renewed = twin(secret_key=OTHER_SECRET, secret_key_previous=SECRET)
    there = moved(ann, renewed)

    there.tokens = there.post(
        "auth/refresh", {"refresh_token": ann.tokens["refresh_token"]}
    ).json

    assert kind(ann).header["kid"] == key_id(SECRET)
    assert kind(there).header["kid"] == key_id(OTHER_SECRET)
    assert there.get("users/me").status_code == 200


def test_a_login_gives_tokens_of_the_new_key(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    renewed = twin(secret_key=OTHER_SECRET, secret_key_previous=SECRET)

    there = Client(renewed, "ann").log_in()

    assert access_of(there).header["kid"] == key_id(OTHER_SECRET)
    assert refresh_of(there).header["kid"] == key_id(OTHER_SECRET)


def test_tokens_of_a_key_that_is_gone_are_refused(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    renewed = moved(ann, twin(secret_key=OTHER_SECRET))
    token = {"refresh_token": ann.tokens["refresh_token"]}

    access, refresh = renewed.get("users/me"), renewed.post("auth/refresh", token)

    refused(access, 401, "token-invalid")
    refused(refresh, 401, "token-invalid")


def test_a_token_of_one_key_is_refused_under_the_name_of_the_other(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    renewed = twin(secret_key=OTHER_SECRET, secret_key_previous=SECRET)
    forged = heading(kid=key_id(OTHER_SECRET))(access_of(ann))

    answer = call_with(Client(renewed), forged)

    refused(answer, 401, "token-invalid")
