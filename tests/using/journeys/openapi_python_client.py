"""The steps of every client, with openapi-python-client."""

import json
import sys
from io import BytesIO
from typing import Any

from made import AuthenticatedClient, Client
from made.api.auth import log_in, register
from made.api.import_export import export_tasks, import_tasks
from made.api.tasks import create_task, list_tasks, update_task
from made.models import (
    ExportTasksFormat,
    LoginRequest,
    TaskCreate,
    TaskFile,
    TaskStatus,
    TaskUpdate,
    UserCreate,
)
from made.types import UNSET, File

ADDRESS, USERNAME, PASSWORD = sys.argv[1:]
anonymous = Client(ADDRESS)
user = register.sync(
    client=anonymous, body=UserCreate(username=USERNAME, password=PASSWORD)
)
login = log_in.sync(
    client=anonymous, body=LoginRequest(username=USERNAME, password=PASSWORD)
)
client = AuthenticatedClient(ADDRESS, login.access_token)


def create(title: str, **options: Any) -> Any:
    """Create a task; return the response with its headers."""
    body = TaskCreate(title=title, description="Carrots")
    return create_task.sync_detailed(client=client, body=body, **options)


made, again = create("Sow", idempotency_key="sow"), create("Sow", idempotency_key="sow")
for title in ("Water", "Weed"):
    create(title)

task, version = made.parsed, {"client": client, "if_match": made.headers["ETag"]}
changed = update_task.sync(task.id, body=TaskUpdate(description=None), **version)
stale = update_task.sync(task.id, body=TaskUpdate(title="Dig"), **version)

titles: list[str] = []
cursor: Any = UNSET
while cursor is not None:
    page = list_tasks.sync(
        client=client,
        limit=2,
        status=[TaskStatus.TODO, TaskStatus.IN_PROGRESS],
        created_after=task.created_at,
        cursor=cursor,
    )
    titles += [one.title for one in page.items]
    cursor = page.next_cursor

exported = export_tasks.sync_detailed(client=client, format_=ExportTasksFormat.CSV)
file = TaskFile(File(BytesIO(b"title\r\nHarvest\r\n"), "tasks.csv"))
imported = import_tasks.sync(client=client, body=file)
untitled = create("").parsed

result = {
    "registered": user.username,
    "repeated": task.id == again.parsed.id and again.headers["Idempotency-Replayed"],
    "cleared": changed.description,
    "stale": [stale.code, stale.current_version],
    "listed": sorted(titles),
    "exported": len(exported.content.strip().split(b"\r\n")),
    "imported": imported.created,
    "problem": [untitled.code, untitled.errors[0].pointer, untitled.errors[0].code],
}
print(json.dumps(result))
