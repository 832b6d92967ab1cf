"""The server with OpenTelemetry, as docs/monitoring.md describes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.client import API
from tests.helpers.server import GUNICORN, ROOT, Server, environment

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
TELEMETRY = {
    "OTEL_TRACES_EXPORTER": "console",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_BSP_SCHEDULE_DELAY": 50,
}
SETTINGS = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS",
}


class Traced(Server):
    """A server that opentelemetry-instrument starts."""

    command = (
        f"{Path(GUNICORN).parent}/opentelemetry-instrument",
        GUNICORN,
        "wsgi:app",
    )


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Server]:
    """Return a server whose workers write spans to its log."""
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/tasks.db"}
    variables = environment(**SETTINGS | TELEMETRY | database)
    server = Traced(ROOT, variables, tmp_path / "log")
    yield server.wait()
    server.kill()


def test_forked_workers_send_spans_of_the_callers_trace(
    traced: Server,
) -> None:
    response = traced.call("GET", f"{API}/tasks/{2**62}", headers=PARENT)

    output = traced.wait_for_output(f'"trace_id": "0x{TRACE}"')
    assert response.status == 401
    assert f'"name": "GET {API}/tasks/<id:task_id>"' in output
    assert f'"trace_id": "{TRACE}", ' in output
    assert traced.stop() == 0
