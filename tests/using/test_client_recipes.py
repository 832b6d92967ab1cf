"""The recipes of docs/clients.md, run against a server that loses responses."""

import http.client
import json
import re
import secrets
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from taskapi.errors import InvalidCredentials
from tests.helpers.client import API, PASSWORD
from tests.helpers.server import Server
from tests.system.conftest import Serve
from tests.using.conftest import ROOT, need
from tests.using.test_generated_clients import CLIENTS, COMMONJS, STRICT, run

TEXT = (ROOT / "docs" / "clients.md").read_text()
BLOCK = re.compile(
    r"^```\w+\n(?:#|//) recipe: (\w+) (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
RECIPES = {(name, part): code for name, part, code in BLOCK.findall(TEXT)}
MAX_LINES = 39
JSON = {"Content-Type": "application/json"}
PYTHON = """
import json
import sys

session = Session(*sys.argv[1:])
made = session.post("tasks", json={"title": "Sow", "description": "Carrots"}).json()
merge = lambda task: {"title": f"{task['title']} {task['description']}"}
changed = change_task(session, made["id"], merge)
with open("tasks.csv", "w") as file:
    file.write("title\\nWater\\nWeed\\nHarvest\\n")
import_csv(session, "tasks.csv", part=2)
titles = [task["title"] for task in list_tasks(session, limit=2)]
print(json.dumps({"changed": changed["title"], "titles": sorted(titles)}))
"""
WRONG_PASSWORD = """
import sys

try:
    Session(*sys.argv[1:]).get("tasks")
except RuntimeError as error:
    print(error)
"""
TYPESCRIPT = """
async function main() {
  const [url = "", username = "", password = ""] = process.argv.slice(2);
  const session = new Session(url, username, password);
  const body = JSON.stringify({ title: "Sow", description: "Carrots" });
  const made = await result(await session.send("POST", "tasks", body));
  const merge = (task: Task) => ({ title: `${task.title} ${task.description}` });
  const changed = await changeTask(session, made.id, merge);
  const lines = ["Water", "Weed", "Harvest"].map((title) => JSON.stringify({ title }));
  await importLines(session, lines, 2);
  const titles: string[] = [];
  for await (const task of listTasks(session, { limit: "2" })) titles.push(task.title);
  console.log(JSON.stringify({ changed: changed.title, titles: titles.sort() }));
}

void main();
"""


class Reply(NamedTuple):
    """A response of the server."""

    status: int
    headers: dict[str, str]
    body: bytes


class Unreliable(BaseHTTPRequestHandler):
    """A proxy that forwards each first write of tasks and hides its response."""

    server: "Proxy"

    def forward(self) -> None:
        """Forward the request; respond 503 to the first attempt of a write."""
        self.server.paths.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = dict(self.headers)
        if self.command == "PATCH" and not self.server.changed:
            self.server.changed = True
            other = {"Authorization": headers["Authorization"]} | JSON
            self.server.send("PATCH", self.path, b'{"description": "Beans"}', other)
        response = self.server.send(self.command, self.path, body, headers)
        if self.server.hides(self.command, self.path, headers.get("Idempotency-Key")):
            response = Reply(503, {"Retry-After": "0"}, b"")
        self.send_response(response.status)
        for name in {"Content-Type", "ETag", "Retry-After"} & {*response.headers}:
            self.send_header(name, response.headers[name])
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, *_words: Any) -> None:
        """Log nothing."""


for method in ("GET", "POST", "PATCH"):
    setattr(Unreliable, f"do_{method}", Unreliable.forward)


class Proxy(ThreadingHTTPServer):
    """The proxy; before the first PATCH another client changes the task."""

    def __init__(self, backend: int) -> None:
        super().__init__(("127.0.0.1", 0), Unreliable)
        self.backend = backend
        self.keys: set[str | None] = set()
        self.paths: list[str] = []
        self.changed = False

    def send(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> Reply:
        """Send a request to the server."""
        connection = http.client.HTTPConnection("127.0.0.1", self.backend)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        reply = Reply(response.status, dict(response.headers), response.read())
        connection.close()
        return reply

    def hides(self, method: str, path: str, key: str | None) -> bool:
        """Return whether this is the first attempt of a write."""
        is_first = key not in self.keys
        self.keys.add(key)
        return is_first and method != "GET" and "/auth/" not in path


@pytest.fixture(scope="module")
def short_tokens(serving: Serve) -> Server:
    """Return a server whose access tokens must be refreshed for each request."""
    return serving(ACCESS_TOKEN_MINUTES=1)


@pytest.fixture
def proxy(short_tokens: Server) -> Iterator[Proxy]:
    with Proxy(short_tokens.port) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def words(short_tokens: Server, proxy: Proxy) -> list[str]:
    """Return the URL of the proxy, and the login of a new account."""
    name = f"ann-{secrets.token_hex(4)}"
    login = {"username": name, "password": PASSWORD}
    assert short_tokens.call("POST", f"{API}/auth/register", login).status == 201
    return [f"http://127.0.0.1:{proxy.server_port}", name, PASSWORD]


def code(name: str) -> str:
    return RECIPES[name, "session"] + "\n\n" + RECIPES[name, "functions"]


def check(output: str, proxy: Proxy) -> None:
    *progress, result = output.splitlines()
    assert progress == ["2 of 3 tasks", "3 of 3 tasks"]
    titles = ["Harvest", "Sow Beans", "Water", "Weed"]
    assert json.loads(result) == {"changed": "Sow Beans", "titles": titles}
    assert proxy.paths.count(f"{API}/auth/login") == 1
    assert proxy.paths.count(f"{API}/auth/refresh") > 5


@pytest.mark.parametrize("recipe", RECIPES, ids=" ".join)
def test_recipe_is_short(recipe: tuple[str, str]) -> None:
    assert len(RECIPES[recipe].splitlines()) <= MAX_LINES


@pytest.mark.parametrize("name", ["httpx", "requests"])
def test_python_recipe_survives_lost_responses(
    proxy: Proxy, words: list[str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "recipe.py").write_text(code(name) + PYTHON)

    output = run(tmp_path, [sys.executable, "recipe.py", *words])

    check(output, proxy)


@pytest.mark.parametrize("name", ["httpx", "requests"])
def test_python_recipe_raises_the_detail_of_a_wrong_password(
    proxy: Proxy, words: list[str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "recipe.py").write_text(code(name) + WRONG_PASSWORD)

    output = run(tmp_path, [sys.executable, "recipe.py", *words[:2], "wrong"])

    assert output.strip() == InvalidCredentials.message


def test_typescript_recipe_survives_lost_responses(
    proxy: Proxy, words: list[str], tmp_path: Path
) -> None:
    need("node")
    (tmp_path / "recipe.ts").write_text(code("fetch") + TYPESCRIPT)
    (tmp_path / "node_modules").symlink_to(CLIENTS)
    run(tmp_path, f"tsc {STRICT} {COMMONJS} recipe.ts")

    output = run(tmp_path, ["node", "recipe.js", *words])

    check(output, proxy)
