"""Paths of members."""

from typing import Any

from tests.helpers.client import Client


def path(project: dict[str, Any], client: Client) -> str:
    return f"projects/{project['id']}/members/{client.user['id']}"
