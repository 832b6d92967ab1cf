"""A project that several accounts share."""

from typing import Any

from flask import Flask

from tests.helpers.client import Client
from tests.projects.support import add_member, create_project


class Team:
    """A project with an owner, an editor and a viewer; `outsider` is not a member."""

    def __init__(self, app: Flask) -> None:
        self.owner = Client(app, "olga").sign_in()
        self.editor = Client(app, "ed").sign_in()
        self.viewer = Client(app, "vera").sign_in()
        self.outsider = Client(app, "sam").sign_in()
        self.project = create_project(self.owner)
        self.project_id = self.project["id"]
        for role in ("editor", "viewer"):
            add_member(self.project, getattr(self, role), role)
        self.members = [self.owner, self.editor, self.viewer]

    def create_task(self, by: Client | None = None, **fields: Any) -> dict[str, Any]:
        return (by or self.owner).create_task(project_id=self.project_id, **fields)


def titles(client: Client, query: str = "") -> list[str]:
    """Return the titles of a list, in its order."""
    response = client.get(f"tasks?{query}")
    assert response.status_code == 200, response.text
    return [task["title"] for task in response.json["items"]]
