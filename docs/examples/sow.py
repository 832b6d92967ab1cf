"""Create a task for each line of standard input, once, and list open tasks.

    export TASKAPI_URL=http://127.0.0.1:8000 TASKAPI_KEY=tsk_...
    python3 sow.py < lines.txt

Only Python is required. You can run it again with the same lines: each task is
created once.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

BUSY = (429, 503)


def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Send a request; repeat it after the time in Retry-After if the server is busy."""
    address = os.environ["TASKAPI_URL"] + "/api/v1" + path
    request = Request(address, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["TASKAPI_KEY"])
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urlopen(request, timeout=30) as response:
            return json.load(response)
    except HTTPError as error:
        if error.code not in BUSY:
            raise
        time.sleep(int(error.headers["Retry-After"]))
        return call(method, path, body, **headers)


def create_task(title: str) -> None:
    """Create a task; the same title has the same key, so it is created only once."""
    key = hashlib.sha256(title.encode()).hexdigest()
    call("POST", "/tasks", {"title": title}, Idempotency_Key=key)


def open_tasks() -> Iterator[Any]:
    """Yield the open tasks of all pages."""
    query = {"status": "todo,in_progress", "sort": "created_at", "limit": 100}
    page = call("GET", "/tasks?" + urlencode(query))
    yield from page["items"]
    while page["next_cursor"]:
        more = query | {"cursor": page["next_cursor"]}
        page = call("GET", "/tasks?" + urlencode(more))
        yield from page["items"]


def main() -> None:
    """Create the tasks, then list all open tasks."""
    for line in filter(None, map(str.strip, sys.stdin)):
        create_task(line)
    for task in open_tasks():
        print(task["id"], task["title"])


if __name__ == "__main__":
    try:
        main()
    except HTTPError as error:
        problem = json.load(error)
        messages = [error["message"] for error in problem.get("errors", [])]
        sys.exit(" ".join([f"{problem['code']}: {problem['detail']}", *messages]))
