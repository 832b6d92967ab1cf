#!/usr/bin/env python3
"""Add a folder "Journey" to a collection of Postman or Bruno, which was generated.

    python3 journey.py postman.json
    python3 journey.py taskapi

Its requests create an account and use it; each has a test of the response.
"""

import copy
import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Step(NamedTuple):
    """A change of a generated request, and the test of its response."""

    name: str
    request: str
    test: str
    body: Any = None
    headers: dict[str, str] = {}
    query: str = ""


PASSWORD = "correct horse battery staple"  # noqa: S105 - an account for tests
KEY, VERSION = {"Idempotency-Key": "sow"}, {"If-Match": "{{etag}}"}
FILTERS = "limit=2&status=todo,in_progress&created_after={{created}}{{next}}"
SOW = {"title": "Sow", "description": "Carrots"}
CREATED = "expect(status).to.equal(201);"
STEPS = [
    Step(
        "Register",
        "POST /api/v1/auth/register",
        CREATED + 'set("username", body.username); set("next", ""); set("titles", "");',
        {"username": "ann-{{$guid}}", "password": PASSWORD},
    ),
    Step(
        "Log in for the journey",
        "POST /api/v1/auth/login",
        "expect(status).to.equal(200); set(TOKEN, body.access_token);",
        {"username": "{{username}}", "password": PASSWORD},
    ),
    Step(
        "Create a task with a key",
        "POST /api/v1/tasks",
        CREATED + 'set("task", body.id); set("etag", header("ETag"));'
        'set("created", body.created_at);',
        SOW,
        KEY,
    ),
    Step(
        "Repeat the request",
        "POST /api/v1/tasks",
        'expect(header("Idempotency-Replayed")).to.equal("true");'
        'expect(String(body.id)).to.equal(String(get("task")));',
        SOW,
        KEY,
    ),
    Step("Create another task", "POST /api/v1/tasks", CREATED, {"title": "Water"}),
    Step("Create a third task", "POST /api/v1/tasks", CREATED, {"title": "Weed"}),
    Step(
        "Clear a field",
        "PATCH /api/v1/tasks/{task_id}",
        "expect(status).to.equal(200); expect(body.description).to.equal(null);",
        {"description": None},
        VERSION,
    ),
    Step(
        "Change an old version",
        "PATCH /api/v1/tasks/{task_id}",
        "expect(status).to.equal(412); expect(body.current_version).to.equal(2);",
        {"title": "Dig"},
        VERSION,
    ),
    Step(
        "List all pages",
        "GET /api/v1/tasks",
        'const titles = get("titles") + body.items.map((task) => task.title + " ")'
        '.join("");'
        'set("titles", titles); set("next", "&cursor=" + body.next_cursor);'
        "if (body.next_cursor) again();"
        'else expect(titles.split(" ").sort().join()).to.equal(",Sow,Water,Weed");',
        query=FILTERS,
    ),
    Step(
        "Export",
        "GET /api/v1/users/me/export",
        "expect(body.trim().split(/\\r?\\n/).length).to.equal(4);",
        query="format=csv",
    ),
    Step(
        "Import a CSV file",
        "POST /api/v1/users/me/import",
        "expect(status).to.equal(200); expect(body.created).to.equal(1);",
        "title\nHarvest\n",
        {"Content-Type": "text/csv"},
    ),
    Step(
        "Read a problem",
        "POST /api/v1/tasks",
        "expect(status).to.equal(422); expect(body.code).to.equal('validation-error');"
        "expect(body.errors[0].pointer).to.equal('#/title');",
        {"title": ""},
    ),
]
POSTMAN = """const status = pm.response.code, expect = pm.expect, TOKEN = "bearerToken";
const text = pm.response.text(), body = /^[{[]/.test(text) ? JSON.parse(text) : text;
const header = (name) => pm.response.headers.get(name);
const get = (name) => pm.collectionVariables.get(name);
const set = (name, value) => pm.collectionVariables.set(name, value);
const again = () => pm.execution.setNextRequest(pm.info.requestName);
pm.test("as expected", () => { %s });"""
BRUNO = """const status = res.getStatus(), body = res.getBody(), TOKEN = "token";
const header = (name) => res.getHeader(name.toLowerCase());
const get = (name) => bru.getVar(name), set = (name, value) => bru.setVar(name, value);
const again = () => bru.setNextRequest(req.getName());
test("as expected", () => { %s });"""
BLOCK = re.compile(r"^(\S+) \{\n(.*?)^\}$", re.MULTILINE | re.DOTALL)


def address(step: Step) -> str:
    """Return the URL of a step, with variables."""
    path = step.request.partition(" ")[2].replace("{task_id}", "{{task}}")
    return "{{baseUrl}}" + path + (f"?{step.query}" if step.query else "")


def content(step: Step) -> str:
    """Return the body as text."""
    return step.body if isinstance(step.body, str) else json.dumps(step.body)


def requests(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the requests of a Postman collection by method and path."""
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        if "item" in item:
            found |= requests(item["item"])
        else:
            request = item["request"]
            path = re.sub(r":(\w+)", r"{\1}", "/".join(request["url"]["path"]))
            found[f"{request['method']} /{path}"] = item
    return found


def postman_item(step: Step, generated: dict[str, Any]) -> dict[str, Any]:
    """Return the generated request with the values and the test of a step."""
    request = copy.deepcopy(generated["request"])
    headers = {one["key"]: one["value"] for one in request["header"]}
    kept = {
        name: headers[name] for name in ("Accept", "Content-Type") if name in headers
    }
    changed = (kept | step.headers).items()
    request["header"] = [{"key": name, "value": value} for name, value in changed]
    request["url"] = address(step)
    if step.body is not None:
        request["body"] = {"mode": "raw", "raw": content(step)}
    script = {"type": "text/javascript", "exec": (POSTMAN % step.test).split("\n")}
    event = {"listen": "test", "script": script}
    return {"name": step.name, "request": request, "event": [event]}


def extend_postman(file: Path) -> None:
    """Add the journey to the file of a collection."""
    collection = json.loads(file.read_text())
    generated = requests(collection["item"])
    items = [postman_item(step, generated[step.request]) for step in STEPS]
    collection["item"].append({"name": "Journey", "item": items})
    file.write_text(json.dumps(collection, indent=1))


def bruno_file(step: Step, number: int, generated: dict[str, str]) -> str:
    """Return the generated request with the values and the test of a step."""
    method = step.request.split()[0].lower()
    kind = "text" if isinstance(step.body, str) else "json"
    mode = "none" if step.body is None else kind
    call = re.sub(r"url: .*", lambda _: f"url: {address(step)}", generated[method])
    blocks = {
        "meta": f"name: {step.name}\ntype: http\nseq: {number}",
        method: re.sub(r"body: .*", f"body: {mode}", call),
        "headers": "\n".join(
            f"{name}: {value}" for name, value in step.headers.items()
        ),
        "auth:bearer": generated.get("auth:bearer", ""),
        f"body:{kind}": "" if step.body is None else content(step),
        "tests": BRUNO % step.test,
    }
    filled = {
        name: re.sub("^ *", "  ", text.strip(), flags=re.MULTILINE)
        for name, text in blocks.items()
        if text
    }
    return "\n".join(f"{name} {{\n{text}\n}}\n" for name, text in filled.items())


def extend_bruno(folder: Path) -> None:
    """Add the journey as a folder of a collection."""
    generated = {}
    for file in folder.rglob("*.bru"):
        blocks = dict(BLOCK.findall(file.read_text()))
        for method in blocks.keys() & {"get", "post", "put", "patch", "delete"}:
            path = re.search(r"\}\}(/[^\s?]*)", blocks[method])[1]
            found = re.sub(r":(\w+)", r"{\1}", path)
            generated[f"{method.upper()} {found}"] = blocks
    (folder / "Journey").mkdir()
    for number, step in enumerate(STEPS, 1):
        text = bruno_file(step, number, generated[step.request])
        (folder / "Journey" / f"{step.name}.bru").write_text(text)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    (extend_bruno if place.is_dir() else extend_postman)(place)
