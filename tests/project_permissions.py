"""Roles in projects: one line for each place where a request names something of one.

A place is the name of a parameter in the path or query, or a JSON pointer in which `*`
stands for any position. In a request `{project}`, `{task}`, `{user}` and `{invitation}`
are of a project; `{own}` is a task and `{personal}` the project of the caller.
"""

from typing import Any, NamedTuple

V, E, O = "viewer", "editor", "owner"  # noqa: E741 - short for the table
P = "/api/v1/projects"
T = "/api/v1/tasks"
MEMBER = f"{P}/{{project_id}}/members/{{user_id}}"
INVITATION = "/api/v1/invitations/{invitation_id}"
NEW = {"title": "Sow"}


class Way(NamedTuple):
    """A place of an operation, and a request that names something hidden there.

    `role` is the lowest role for which the request succeeds. Without one the request
    fails for members as well: it names something of another project.
    """

    operation: str
    place: str
    role: str | None
    path: str
    body: Any = None


def new(**fields: Any) -> dict[str, Any]:
    """Return a bulk request with a new task."""
    return {"create": [NEW | fields]}


def changed(**fields: Any) -> dict[str, Any]:
    """Return a bulk request with a change of the caller's own task."""
    return {"update": [{"id": "{own}"} | fields]}


def _changes_of_task(method: str) -> list[Way]:
    operation, path = f"{method} {T}/{{task_id}}", "tasks/{own}"
    into = {"project_id": "{project}", "parent_id": "{task}"}
    return [
        Way(operation, "task_id", E, "tasks/{task}", NEW),
        Way(operation, "task_id", E, "tasks/{task}", {"tags": ["a"]}),
        Way(operation, "task_id", E, "tasks/{task}", {"parent_id": None}),
        Way(operation, "task_id", E, "tasks/{task}", {"version": 1, "title": "Sow"}),
        Way(operation, "task_id", E, "tasks/{task}", {"project_id": "{personal}"}),
        Way(operation, "#/project_id", E, path, {"project_id": "{project}"}),
        Way(operation, "#/parent_id", E, path, into),
        Way(operation, "#/parent_id", None, path, {"parent_id": "{task}"}),
        Way(operation, "#/assignee_id", None, path, {"assignee_id": "{user}"}),
    ]


WAYS = [
    Way(f"GET {P}/{{project_id}}", "project_id", V, "projects/{project}"),
    *(
        Way(f"{m} {P}/{{project_id}}", "project_id", O, "projects/{project}", body)
        for m, body in [("PATCH", {"name": "A"}), ("PUT", {"name": "A"})]
    ),
    Way(f"DELETE {P}/{{project_id}}", "project_id", O, "projects/{project}"),
    Way(
        f"DELETE {P}/{{project_id}}",
        "project_id",
        O,
        "projects/{project}?permanent=true",
    ),
    Way(
        f"POST {P}/{{project_id}}/restore",
        "project_id",
        O,
        "projects/{project}/restore",
    ),
    Way(
        f"GET {P}/{{project_id}}/members", "project_id", V, "projects/{project}/members"
    ),
    *(
        Way(f"{method} {MEMBER}", place, role, path, body)
        for method, body in [("PATCH", {"role": "editor"}), ("DELETE", None)]
        for place, role, path in [
            ("project_id", O, "projects/{project}/members/{user}"),
            ("user_id", None, "projects/{personal}/members/{user}"),
        ]
    ),
    *(
        Way(
            f"{method} {P}/{{project_id}}/invitations",
            "project_id",
            O,
            "projects/{project}/invitations",
            body,
        )
        for method, body in [("GET", None), ("POST", {"username": "dora"})]
    ),
    Way(f"DELETE {INVITATION}", "invitation_id", O, "invitations/{invitation}"),
    *(
        Way(
            f"POST {INVITATION}/{verb}",
            "invitation_id",
            None,
            f"invitations/{{invitation}}/{verb}",
        )
        for verb in ("accept", "decline")
    ),
    Way(f"POST {T}", "#/project_id", E, "tasks", NEW | {"project_id": "{project}"}),
    Way(
        f"POST {T}",
        "#/project_id",
        E,
        "tasks",
        NEW | {"project_id": "{project}", "tags": ["a"]},
    ),
    Way(f"POST {T}", "#/parent_id", None, "tasks", NEW | {"parent_id": "{task}"}),
    Way(f"POST {T}", "#/assignee_id", None, "tasks", NEW | {"assignee_id": "{user}"}),
    Way(
        f"POST {T}",
        "#/subtasks/*/assignee_id",
        None,
        "tasks",
        NEW | {"subtasks": [NEW | {"assignee_id": "{user}"}]},
    ),
    Way(
        "POST /api/v1/api-keys",
        "#/project_id",
        V,
        "api-keys",
        {"name": "a", "scopes": ["tasks:read"], "project_id": "{project}"},
    ),
    Way(f"GET {T}", "project_id", V, "tasks?project_id={project}&include_total=true"),
    Way(f"GET {T}", "assignee_id", V, "tasks?assignee_id={user}&include_total=true"),
    Way(f"GET {T}", "parent_id", V, "tasks?parent_id={task}&include_total=true"),
    Way(f"GET {T}", "ids", V, "tasks?ids={task}&include_total=true"),
    Way(f"GET {T}/{{task_id}}", "task_id", V, "tasks/{task}"),
    Way(f"GET {T}/{{task_id}}", "task_id", V, "tasks/{task}?expand=subtasks"),
    *_changes_of_task("PATCH"),
    *_changes_of_task("PUT"),
    Way(f"DELETE {T}/{{task_id}}", "task_id", E, "tasks/{task}"),
    Way(f"DELETE {T}/{{task_id}}", "task_id", E, "tasks/{task}?permanent=true"),
    Way(f"POST {T}/{{task_id}}/restore", "task_id", E, "tasks/{task}/restore"),
    *(
        Way(f"POST {T}/bulk", f"#/{place}", role, "tasks/bulk", body)
        for place, role, body in [
            ("create/*/project_id", E, new(project_id="{project}")),
            ("create/*/parent_id", None, new(parent_id="{task}")),
            ("create/*/assignee_id", None, new(assignee_id="{user}")),
            (
                "create/*/subtasks/*/assignee_id",
                None,
                new(subtasks=[NEW | {"assignee_id": "{user}"}]),
            ),
            ("update/*/id", E, changed(id="{task}", title="Sow")),
            ("update/*/id", E, changed(id="{task}", version=1, title="Sow")),
            ("update/*/project_id", E, changed(project_id="{project}")),
            ("update/*/parent_id", None, changed(parent_id="{task}")),
            ("update/*/assignee_id", None, changed(assignee_id="{user}")),
            ("delete/*", E, {"delete": ["{task}"]}),
        ]
    ),
    Way(f"GET {T}/stats", "project_id", V, "tasks/stats?project_id={project}"),
    Way("GET /api/v1/tags", "project_id", V, "tags?project_id={project}"),
    Way(
        "GET /api/v1/users/me/export",
        "project_id",
        V,
        "users/me/export?project_id={project}",
    ),
    Way(
        "POST /api/v1/users/me/import",
        "project_id",
        E,
        "users/me/import?project_id={project}",
        "title\r\nSow\r\n",
    ),
]
RANKS = [V, E, O]
