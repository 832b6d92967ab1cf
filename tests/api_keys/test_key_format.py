"""Keys are accepted only in their canonical form."""

import pytest

from taskapi.api_keys import key_format
from tests.helpers.client import Client, assert_problem

pytestmark = pytest.mark.one_database


def ending_in(character: str) -> str:
    """Return a key that ends in a character."""
    made = iter(lambda: key_format.generate().text, "")
    return next(text for text in made if text.endswith(character))


@pytest.mark.parametrize(
    ("last", "other"), [(last, o) for last, *rest in ("ABCD", "89-_") for o in rest]
)
def test_other_encoding_of_the_same_bytes_costs_no_statement(
    anonymous: Client, statements: list[str], last: str, other: str
) -> None:
    encoded = {"X-API-Key": ending_in(last)[:-1] + other}

    response = anonymous.get("tasks", headers=encoded)

    assert_problem(response, 401, "api-key-invalid")
    assert statements == []
