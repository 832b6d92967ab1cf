"""All servers must answer alike, or else they are not measured."""

from typing import Any

from bench.data import PATCHED, Account
from bench.load import LOGIN, NEW_TASK, TASKS
from bench.servers import Server

DIFFERS = {"id", "created_at", "updated_at", "version", "next_cursor"}
"""What is another value with each write, or another spelling of the same place."""

LIMITS = {"raw", "raw-auth"}
"""They need not say how the list goes on."""


def answers(server: Server, account: Account) -> dict[str, Any]:
    """Return what a server says to one request of each kind."""
    token, some_id = account.token, account.first_id + PATCHED + 1  # one to do
    asked = {
        "get": ("GET", f"{TASKS}/{some_id}"),
        "get one with tags": ("GET", f"{TASKS}/{_tagged(account)}"),
        "list 20": ("GET", f"{TASKS}?limit=20"),
        "list 100": ("GET", f"{TASKS}?limit=100"),
        "create": ("POST", TASKS, NEW_TASK),
        "patch": ("PATCH", f"{TASKS}/{some_id}", {"status": "in_progress"}),
        "patch back": ("PATCH", f"{TASKS}/{some_id}", {"status": "todo"}),
    }
    found = {name: server.call(*words, token=token) for name, words in asked.items()}
    if server.spec.logs_in:
        status, tokens = server.call("POST", LOGIN, account.login)
        found["login"] = (status, dict.fromkeys(sorted(tokens), ""))
    settled = {n: (status, _settled(said)) for n, (status, said) in found.items()}
    if server.spec.name in LIMITS:
        for page in (settled["list 20"][1], settled["list 100"][1]):
            page["next_cursor"] = ""
    return settled


def differences(expected: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """Name the answers that differ, field by field."""
    return [
        f"{name}: {line}"
        for name in expected.keys() & given.keys()
        for line in _unlike(expected[name], given[name], "")
    ]


def _tagged(account: Account) -> int:
    """Return an id to which the data gives a tag."""
    return -(-(account.first_id + PATCHED) // 20) * 20


def _settled(said: Any) -> Any:
    if isinstance(said, list):
        return [_settled(one) for one in said]
    if not isinstance(said, dict):
        return said
    return {n: "" if n in DIFFERS and v else _settled(v) for n, v in said.items()}


def _unlike(expected: Any, given: Any, place: str) -> list[str]:
    if isinstance(expected, dict) and isinstance(given, dict):
        names = sorted(expected.keys() | given.keys())
        pairs = [(f"{place}/{n}", expected.get(n), given.get(n)) for n in names]
    elif isinstance(expected, list | tuple) and isinstance(given, list | tuple):
        if len(expected) != len(given):
            return [f"{place} has {len(given)} items, not {len(expected)}"]
        both = enumerate(zip(expected, given, strict=True))
        pairs = [(f"{place}/{number}", *pair) for number, pair in both]
    else:
        return [] if expected == given else [f"{place} is {given!r}, not {expected!r}"]
    return [line for where, one, other in pairs for line in _unlike(one, other, where)]
