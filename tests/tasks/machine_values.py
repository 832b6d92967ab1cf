"""Conversions between requests, responses and the values of the model."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import TestResponse

from tests.tasks.model_fields import OTHER_FIELDS, folded
from tests.tasks.model_trees import Task


def without_external_ids(several: list[Task]) -> list[Task]:
    """Return tasks and subtasks without their external ids."""
    return [
        {n: v for n, v in fields.items() if n not in {"external_id", "subtasks"}}
        | {"subtasks": without_external_ids(fields["subtasks"])}
        if "subtasks" in fields
        else {n: v for n, v in fields.items() if n != "external_id"}
        for fields in several
    ]


def if_match(version: int | None) -> dict[str, str]:
    """Return the If-Match header for a version."""
    return {} if version is None else {"If-Match": f'"{version}"'}


def from_api(response: Any) -> Any:
    """Return a response with the fields of the model, and with folded tags."""
    if isinstance(response, list):
        return [from_api(one) for one in response]
    if isinstance(response, dict):
        actual = {n: from_api(v) for n, v in response.items() if n not in OTHER_FIELDS}
        if "tags" in actual:
            actual["tags"] = sorted(map(folded, actual["tags"]))
        return actual
    return response


def problem_of(response: TestResponse) -> tuple[int, str, list[str]]:
    """Return status, code and pointers of a problem."""
    problem = response.json or {}
    pointers = [error.get("pointer") for error in problem.get("errors", [])]
    return response.status_code, problem.get("code", ""), sorted(pointers)


def as_json(value: Any) -> Any:
    """Return fields as JSON values."""
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def as_query(filters: dict[str, Any]) -> str:
    """Return filters as a query string."""
    sent = as_json(filters)
    commas = {
        n: ",".join(map(str, sent[n]))
        for n in ("status", "priority", "ids")
        if n in sent
    }
    flags = {n: str(v).lower() for n, v in sent.items() if isinstance(v, bool)}
    return urlencode(sent | commas | flags, doseq=True)
