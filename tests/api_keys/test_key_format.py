"""A key is accepted only in its canonical form."""

import pytest

from taskapi.api_keys import key_format
from tests.support import Client, refused


def ending_in(character: str) -> str:
    """Return a key that ends in a character."""
    made = iter(lambda: key_format.generate().text, "")
    return next(text for text in made if text.endswith(character))


@pytest.mark.parametrize(
    ("last", "other"), [(last, o) for last, *rest in ("ABCD", "89-_") for o in rest]
)
def test_other_encoding_of_the_same_bytes_costs_no_statement(
    anyone: Client, statements: list[str], last: str, other: str
) -> None:
    encoded = {"X-API-Key": ending_in(last)[:-1] + other}

    response = anyone.get("tasks", headers=encoded)

    refused(response, 401, "api-key-invalid")
    assert statements == []
