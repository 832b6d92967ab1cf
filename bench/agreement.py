"""Comparison of responses: a server that differs from taskapi is not measured."""

from typing import Any

from bench import data
from bench.dataset import Account
from bench.load import LOGIN, TASKS
from bench.servers import Server

VOLATILE = {"id", "created_at", "updated_at", "version"}
"""Members that have another value after each write."""

PAGE_MEMBERS = ("items", "total")  # cursors differ, and bare WSGI returns none
LOGIN_MEMBERS = ("access_token", "refresh_token", "token_type", "expires_in")


def responses(server: Server, account: Account) -> dict[str, Any]:
    """Return the status and the compared part of one response of each kind."""
    todo_id = account.first_id + data.PATCHED_TASKS + 1
    path = f"{TASKS}/{todo_id}"
    requests = {
        "get": ("GET", path),
        "get with tags": ("GET", f"{TASKS}/{_tagged_id(account)}"),
        "list 20": ("GET", f"{TASKS}?limit=20"),
        "list 100": ("GET", f"{TASKS}?limit=100"),
        "create": ("POST", TASKS, data.NEW_TASK),
        "patch": ("PATCH", path, {"status": "in_progress"}),
        "patch back": ("PATCH", path, {"status": "todo"}),
    }
    found = {n: server.call(*r, token=account.token) for n, r in requests.items()}
    if server.spec.has_login:
        status, tokens = server.call("POST", LOGIN, account.login)
        found["login"] = (status, {name: name in tokens for name in LOGIN_MEMBERS})
    return {name: (status, comparable(body)) for name, (status, body) in found.items()}


def differences(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """Return a line for each value that differs."""
    return [
        f"{name}: {line}"
        for name in expected.keys() & actual.keys()
        for line in _differences(expected[name], actual[name], "")
    ]


def _tagged_id(account: Account) -> int:
    """Return the first id after the patched tasks that has a tag."""
    every = data.COMMON_TAG_EVERY
    return -(-(account.first_id + data.PATCHED_TASKS) // every) * every


def comparable(body: Any) -> Any:
    """Keep the members that all servers return, and hide volatile values."""
    if isinstance(body, list):
        return [comparable(item) for item in body]
    if not isinstance(body, dict):
        return body
    names = body.keys()
    if "title" in body:
        names = [name for name in data.TASK_FIELDS if name in body]
    elif "items" in body:
        names = [name for name in PAGE_MEMBERS if name in body]
    return {n: "" if n in VOLATILE and body[n] else comparable(body[n]) for n in names}


def _differences(expected: Any, actual: Any, path: str) -> list[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        names = sorted(expected.keys() | actual.keys())
        pairs = [(f"{path}/{n}", expected.get(n), actual.get(n)) for n in names]
    elif isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        if len(expected) != len(actual):
            return [f"{path} has {len(actual)} items, not {len(expected)}"]
        both = enumerate(zip(expected, actual, strict=True))
        pairs = [(f"{path}/{number}", *pair) for number, pair in both]
    else:
        is_equal = expected == actual
        return [] if is_equal else [f"{path} is {actual!r}, not {expected!r}"]
    return [line for inner, *pair in pairs for line in _differences(*pair, inner)]
