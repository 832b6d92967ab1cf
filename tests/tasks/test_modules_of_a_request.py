"""Number of modules and functions that a warm request runs.

Lower a limit whenever a change allows it.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

import taskapi
from tests.helpers.client import Client

pytestmark = pytest.mark.one_database

ROOT = Path(taskapi.__file__).parent
Function = tuple[str, str]
JSON = "application/json"
SCHEDULING = "server/scheduling.py"  # runs only while the database is slow

MAX_CREATE, MAX_LIST, MAX_UPDATE = 25, 22, 23
MAX_CREATE_FUNCTIONS = 75


def functions_run_by(request: Callable[[], object]) -> set[Function]:
    """Return module and name of each function of taskapi that a request calls."""
    functions: set[Function] = set()

    def record(frame: FrameType, event: str, _arg: object) -> None:
        code = frame.f_code
        path = Path(code.co_filename)
        if event == "call" and path.is_relative_to(ROOT):
            functions.add((str(path.relative_to(ROOT)), code.co_qualname))

    for _ in range(3):  # statements are compiled and caches filled
        request()
    previous = sys.getprofile()
    sys.setprofile(record)
    try:
        request()
    finally:
        sys.setprofile(previous)
    return {one for one in functions if one[0] != SCHEDULING}


def modules(functions: set[Function], prefix: str = "") -> list[str]:
    return sorted({name for name, _ in functions if name.startswith(prefix)})


def test_create_runs_few_modules_and_functions(ann: Client) -> None:
    body = {"data": b'{"title": "Water the plants"}', "content_type": JSON}

    functions = functions_run_by(lambda: ann.post("tasks", **body))

    assert len(modules(functions)) <= MAX_CREATE, modules(functions)
    assert len(modules(functions, "tasks/")) <= 5, modules(functions, "tasks/")
    assert len(functions) <= MAX_CREATE_FUNCTIONS, sorted(functions)


def test_list_runs_few_modules(ann: Client) -> None:
    ann.create_task(title="Water the plants", due_date="2036-12-24")

    functions = functions_run_by(lambda: ann.get("tasks"))

    assert len(modules(functions)) <= MAX_LIST, modules(functions)
    assert len(modules(functions, "tasks/")) <= 3, modules(functions, "tasks/")


def test_update_runs_few_modules(ann: Client) -> None:
    task = ann.create_task(title="Water the plants")
    path = f"tasks/{task['id']}"
    statuses = iter(["in_progress", "todo", "in_progress", "todo"])

    def update() -> None:
        data = f'{{"status": "{next(statuses)}"}}'.encode()
        ann.patch(path, data=data, content_type=JSON)

    functions = functions_run_by(update)

    assert len(modules(functions)) <= MAX_UPDATE, modules(functions)
    assert len(modules(functions, "tasks/")) <= 4, modules(functions, "tasks/")
