"""The trace id of a request is logged."""

import secrets
from typing import Any

import pytest

from tests.helpers.server import Server

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
BAD = {
    "empty": "",
    "no trace": f"00-{'0' * 32}-{SPAN}-01",
    "no span": f"00-{TRACE}-{'0' * 16}-01",
    "capitals": f"00-{TRACE.upper()}-{SPAN}-01",
    "short trace": f"00-{TRACE[1:]}-{SPAN}-01",
    "short span": f"00-{TRACE}-{SPAN[1:]}-01",
    "no flags": f"00-{TRACE}-{SPAN}",
    "more than its version has": f"00-{TRACE}-{SPAN}-01-what",
    "hyphen at the end": f"00-{TRACE}-{SPAN}-01-",
    "forbidden version": f"ff-{TRACE}-{SPAN}-01",
    "later version": f"01-{TRACE}-{SPAN}-01what",
    "blank": f"00-{TRACE}-{SPAN}- 1",
    "two": f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
    "other digits": f"00-{TRACE[:-1]}\xb2-{SPAN}-01",
    "quote": f'00-{TRACE}-{SPAN}-01"',
}


def logged(server: Server, **headers: str) -> dict[str, Any]:
    """Return the log line of a request."""
    mark = secrets.token_hex(8)
    server.call("GET", "/health/live", headers=headers | {"X-Request-ID": mark})
    (line,) = [entry for entry in server.entries() if entry["request_id"] == mark]
    return line


@pytest.mark.parametrize(
    "sent",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-00",
        f"cc-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-comes-later",
    ],
)
def test_trace_of_the_caller_is_in_the_log(server: Server, sent: str) -> None:
    line = logged(server, traceparent=sent)

    assert line["trace_id"] == TRACE


@pytest.mark.parametrize("sent", BAD.values(), ids=BAD)
def test_invalid_trace_is_ignored(server: Server, sent: str) -> None:
    line = logged(server, traceparent=sent)

    assert line["status"] == 200
    assert "trace_id" not in line


def test_trace_ends_with_its_request(server: Server) -> None:
    logged(server, traceparent=f"00-{TRACE}-{SPAN}-01")

    assert "trace_id" not in logged(server)
