"""The steps of every client, with openapi-generator."""

import json
import sys

from made import (
    ApiClient,
    AuthApi,
    Configuration,
    ImportExportApi,
    LoginRequest,
    TaskCreate,
    TasksApi,
    TaskStatus,
    TaskUpdate,
    UserCreate,
)
from made.exceptions import ApiException

ADDRESS, USERNAME, PASSWORD = sys.argv[1:]
configuration = Configuration(host=ADDRESS)
client = ApiClient(configuration)
auth, tasks, files = AuthApi(client), TasksApi(client), ImportExportApi(client)

user = auth.register(UserCreate(username=USERNAME, password=PASSWORD))
login = auth.log_in(LoginRequest(username=USERNAME, password=PASSWORD))
configuration.access_token = login.access_token

sow = TaskCreate(title="Sow", description="Carrots")
made = tasks.create_task_with_http_info(sow, idempotency_key="sow")
again = tasks.create_task_with_http_info(sow, idempotency_key="sow")
for title in ("Water", "Weed"):
    tasks.create_task(TaskCreate(title=title))

task, etag = made.data, made.headers["ETag"]
changed = tasks.update_task(
    task.id, task_update=TaskUpdate(description=None), if_match=etag
)
try:
    tasks.update_task(task.id, task_update=TaskUpdate(title="Dig"), if_match=etag)
except ApiException as error:
    stale = error.data

titles, cursor = [], None
while True:
    page = tasks.list_tasks(
        limit=2,
        status=[TaskStatus.TODO, TaskStatus.IN_PROGRESS],
        created_after=task.created_at,
        cursor=cursor,
    )
    titles += [one.title for one in page.items]
    cursor = page.next_cursor
    if cursor is None:
        break

exported = files.export_tasks(format="csv")
imported = files.import_tasks("title\r\nHarvest\r\n", _content_type="text/csv")
try:
    tasks.create_task(TaskCreate.model_construct(title=""))
except ApiException as error:
    untitled = error.data

result = {
    "registered": user.username,
    "repeated": made.data.id == again.data.id and again.headers["Idempotency-Replayed"],
    "cleared": changed.description,
    "stale": [stale.code, stale.current_version],
    "listed": sorted(titles),
    "exported": len(exported.strip().split("\r\n")),
    "imported": imported.created,
    "problem": [untitled.code, untitled.errors[0].pointer, untitled.errors[0].code],
}
print(json.dumps(result))
