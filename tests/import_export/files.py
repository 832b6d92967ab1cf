"""Files of tasks: taken out, brought in, and compared."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support import Client

JSONL = "application/x-ndjson"
CSV = "text/csv"
TYPES = {"jsonl": JSONL, "csv": CSV}
one_database = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""What reads a file does not know the database that comes after it."""

RENEWED = {"id", "parent_id", "updated_at"}


def taken(client: Client, form: str = "jsonl") -> str:
    """Return the file of all tasks."""
    answer = client.get(f"users/me/export?format={form}")
    assert answer.status_code == 200, answer.text
    return answer.text


def bring(
    client: Client, text: str | bytes, media_type: str = JSONL, query: str = ""
) -> TestResponse:
    """Send a file of tasks."""
    headers = {"Content-Type": media_type}
    return client.call("POST", f"users/me/import{query}", data=text, headers=headers)


def brought(client: Client, text: str | bytes, media_type: str = JSONL) -> Any:
    """Send a file of tasks that is taken, and return the answer."""
    answer = bring(client, text, media_type)
    assert answer.status_code == 200, answer.text
    return answer.json


def written(*tasks: dict[str, Any]) -> str:
    """Write a file of tasks."""
    return "".join(f"{json.dumps(task)}\n" for task in tasks)


def read(text: str) -> list[dict[str, Any]]:
    """Return the tasks of a file."""
    return [json.loads(line) for line in text.split("\n") if line]


def kept(client: Client) -> list[dict[str, Any]]:
    """Return what a file keeps of each task: all but ids, with the parent's title."""
    lines = read(taken(client))
    titles = {line["id"]: line["title"] for line in lines} | {None: None}
    return [
        {n: value for n, value in line.items() if n not in RENEWED}
        | {"below": titles[line["parent_id"]]}
        for line in lines
    ]


def faults_by_line(answer: TestResponse) -> dict[tuple[int, str], str]:
    """Return the code of each fault by its line and pointer."""
    problem = answer.json
    assert (answer.status_code, problem["code"]) == (422, "validation-error")
    return {(f["line"], f["pointer"]): f["code"] for f in problem["errors"]}


def numbers(client: Client) -> int:
    """Return how many tasks there are."""
    total: int = client.get("tasks?include_total=true").json["total"]
    return total
