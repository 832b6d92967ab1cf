"""The steps of every client, with models of datamodel-code-generator and httpx."""

import json
import sys
from typing import Any

import httpx
from made import (
    ImportResult,
    Problem,
    Task,
    TaskCreate,
    TaskPage,
    TaskTree,
    TaskUpdate,
    TokenResponse,
    User,
)

ADDRESS, USERNAME, PASSWORD = sys.argv[1:]
client = httpx.Client(base_url=f"{ADDRESS}/api/v1")


def body(model: Any) -> dict[str, Any]:
    """Return what was set; fields that were not set stay as they are."""
    return {"json": model.model_dump(mode="json", exclude_unset=True)}


account = {"username": USERNAME, "password": PASSWORD}
user = User.model_validate(client.post("auth/register", json=account).json())
login = TokenResponse.model_validate(client.post("auth/login", json=account).json())
client.headers["Authorization"] = f"Bearer {login.access_token}"

sow = body(TaskCreate(title="Sow", description="Carrots"))
made = client.post("tasks", **sow, headers={"Idempotency-Key": "sow"})
again = client.post("tasks", **sow, headers={"Idempotency-Key": "sow"})
task = TaskTree.model_validate(made.json())
for title in ("Water", "Weed"):
    client.post("tasks", **body(TaskCreate(title=title)))

version = {"If-Match": made.headers["ETag"]}
clear, dig = body(TaskUpdate(description=None)), body(TaskUpdate(title="Dig"))
changed = client.patch(f"tasks/{task.id}", **clear, headers=version)
stale = Problem.model_validate(
    client.patch(f"tasks/{task.id}", **dig, headers=version).json()
)

titles: list[str] = []
query = {
    "limit": 2,
    "status": "todo,in_progress",
    "created_after": task.created_at.isoformat(),
}
while True:
    page = TaskPage.model_validate(client.get("tasks", params=query).json())
    titles += [one.title for one in page.items]
    if page.next_cursor is None:
        break
    query["cursor"] = page.next_cursor

exported = client.get("users/me/export", params={"format": "csv"})
csv = {"Content-Type": "text/csv"}
imported = client.post("users/me/import", content="title\r\nHarvest\r\n", headers=csv)
untitled = Problem.model_validate(client.post("tasks", json={"title": ""}).json())

result = {
    "registered": user.username,
    "repeated": again.json() == made.json() and again.headers["Idempotency-Replayed"],
    "cleared": Task.model_validate(changed.json()).description,
    "stale": [stale.code, stale.current_version],
    "listed": sorted(titles),
    "exported": len(exported.text.strip().split("\r\n")),
    "imported": ImportResult.model_validate(imported.json()).created,
    "problem": [untitled.code, untitled.errors[0].pointer, untitled.errors[0].code],
}
print(json.dumps(result))
