"""Collections of requests that Postman and Bruno make from the document."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.helpers.client import API
from tests.helpers.server import Server
from tests.using.conftest import EXAMPLES, Account, need
from tests.using.test_generated_clients import run

pytestmark = pytest.mark.slow
OPTIONS = "parametersResolution=Example,enableOptionalParameters=false"
POSTMAN = f"openapi2postmanv2 -s openapi.json -o postman.json -O {OPTIONS}"
JOURNEY = [sys.executable, str(EXAMPLES / "journey.py")]
REQUESTS = 13
STATUSES = {
    "Create an account": 201,
    "Create a task": 201,
    "List tasks": 200,
    "Export your tasks": 200,
    "Import tasks": 200,
    "Get your account": 200,
    "List tags": 200,
}
BRUNO = "bru import openapi --source openapi.json --output . --collection-name taskapi"
ALL_PARAMETERS = re.compile(r"^params:query \{.*?^\}$", re.MULTILINE | re.DOTALL)
CONTENT_TYPE = "headers {\n  Content-Type: application/x-ndjson\n"


@pytest.fixture
def folder(service: Server, tmp_path: Path) -> Path:
    """Return a folder with the document, which names the server."""
    need("node")
    document = service.call("GET", "/openapi.json").json
    document["servers"] = [{"url": f"http://127.0.0.1:{service.port}"}]
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    return tmp_path


@pytest.fixture
def without_example_account(service: Server) -> None:
    """Delete the account that the example of the registration creates."""
    login = {"username": "ann", "password": "correct horse battery staple"}
    response = service.call("POST", f"{API}/auth/login", login)
    if response.status == 200:
        token = {"Authorization": f"Bearer {response.json['access_token']}"}
        body = {"password": login["password"]}
        service.call("DELETE", f"{API}/users/me", body, token)


def test_newman_runs_the_postman_collection(
    folder: Path, account: Account, without_example_account: None
) -> None:
    run(folder, POSTMAN)
    chosen = [word for name in STATUSES for word in ("--folder", name)]
    token = f"bearerToken={account.access_token}"
    report = ["--reporters", "json", "--reporter-json-export", "report.json"]

    run(folder, ["newman", "run", "postman.json", "--env-var", token, *chosen, *report])

    executions = json.loads((folder / "report.json").read_text())["run"]["executions"]
    found = {one["item"]["name"]: one["response"]["code"] for one in executions}
    assert found == STATUSES


def test_bruno_runs_the_collection(
    folder: Path, account: Account, without_example_account: None
) -> None:
    run(folder, [*BRUNO.split(), "--collection-format", "bru"])
    collection = folder / "taskapi"
    files = {path.stem: path for path in collection.rglob("*.bru")}
    listing, importing = files["List tasks"], files["Import tasks"]
    listing.write_text(ALL_PARAMETERS.sub("", listing.read_text()))
    importing.write_text(importing.read_text().replace("headers {\n", CONTENT_TYPE, 1))
    chosen = [str(files[name].relative_to(collection)) for name in STATUSES]
    token = f"token={account.access_token}"
    options = ["--env", "Environment 1", "--env-var", token]

    run(collection, ["bru", "run", *chosen, *options, "--reporter-json", "report.json"])

    report = json.loads((collection / "report.json").read_text())
    results = (report[0] if isinstance(report, list) else report)["results"]
    found = {Path(r["test"]["filename"]).stem: r["response"]["status"] for r in results}
    assert found == STATUSES


def test_newman_does_all_steps(folder: Path) -> None:
    run(folder, POSTMAN)
    run(folder, [*JOURNEY, "postman.json"])
    report = ["--reporters", "json", "--reporter-json-export", "report.json"]

    run(folder, ["newman", "run", "postman.json", "--folder", "Journey", *report])

    found = json.loads((folder / "report.json").read_text())["run"]["stats"]
    assert found["requests"] == {"total": REQUESTS, "pending": 0, "failed": 0}
    assert found["assertions"] == {"total": REQUESTS, "pending": 0, "failed": 0}


def test_bruno_does_all_steps(folder: Path) -> None:
    run(folder, [*BRUNO.split(), "--collection-format", "bru"])
    run(folder, [*JOURNEY, "taskapi"])
    options = ["--env", "Environment 1", "--reporter-json", "report.json"]

    run(folder / "taskapi", ["bru", "run", "Journey", *options])

    report = json.loads((folder / "taskapi" / "report.json").read_text())
    found = (report[0] if isinstance(report, list) else report)["summary"]
    assert (found["passedRequests"], found["passedTests"]) == (REQUESTS, REQUESTS)
