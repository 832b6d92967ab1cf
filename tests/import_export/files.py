"""Helpers to export, import and compare files of tasks."""

import json
from typing import Any

from werkzeug.test import TestResponse

from tests.helpers.client import Client

JSONL = "application/x-ndjson"
CSV = "text/csv"
TYPES = {"jsonl": JSONL, "csv": CSV}
ASSIGNED = {"project_id", "id", "parent_id", "updated_at"}
"""Fields that an import assigns."""


def export_file(client: Client, file_format: str = "jsonl") -> str:
    """Return the file of all tasks."""
    response = client.get(f"users/me/export?format={file_format}")
    assert response.status_code == 200, response.text
    return response.text


def send_file(
    client: Client, text: str | bytes, media_type: str = JSONL, query: str = ""
) -> TestResponse:
    """Send a file of tasks."""
    headers = {"Content-Type": media_type}
    return client.call("POST", f"users/me/import{query}", data=text, headers=headers)


def import_file(client: Client, text: str | bytes, media_type: str = JSONL) -> Any:
    """Send a valid file of tasks, and return the result of the import."""
    response = send_file(client, text, media_type)
    assert response.status_code == 200, response.text
    return response.json


def json_lines(*tasks: dict[str, Any]) -> str:
    """Return a file of tasks."""
    return "".join(f"{json.dumps(task)}\n" for task in tasks)


def parse_lines(text: str) -> list[dict[str, Any]]:
    """Return the tasks of a file."""
    return [json.loads(line) for line in text.split("\n") if line]


def exported_tasks(client: Client) -> list[dict[str, Any]]:
    """Return the fields that an import keeps, and the title of each parent."""
    lines = parse_lines(export_file(client))
    titles = {line["id"]: line["title"] for line in lines} | {None: None}
    return [
        {name: value for name, value in line.items() if name not in ASSIGNED}
        | {"parent": titles[line["parent_id"]]}
        for line in lines
    ]


def errors_by_line(response: TestResponse) -> dict[tuple[int, str], str]:
    """Return the code of each error by its line and pointer."""
    problem = response.json
    assert (response.status_code, problem["code"]) == (422, "validation-error")
    return {(e["line"], e["pointer"]): e["code"] for e in problem["errors"]}


def task_count(client: Client) -> int:
    """Return the number of tasks."""
    total: int = client.get("tasks?include_total=true").json["total"]
    return total
