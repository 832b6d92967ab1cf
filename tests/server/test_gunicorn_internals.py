"""Parts of gunicorn without a promise of stability that the worker depends on.

A failure names the part that a new version of gunicorn has changed. Read its new code
and adapt `taskapi/server` before the upper bound in pyproject.toml is raised.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from gunicorn import util
from gunicorn.http import errors, message
from gunicorn.http.body import Body
from gunicorn.workers.base import Worker as BaseWorker
from gunicorn.workers.gthread import PollableMethodQueue, TConn, ThreadWorker

from taskapi.server.worker import Worker

ROOT = Path(__file__).parents[2]
OVERRIDDEN = {
    "init_process": "(self)",
    "enqueue_req": "(self, conn)",
    "wait_for_and_dispatch_events": "(self, timeout)",
    "handle": "(self, conn)",
    "handle_request": "(self, req, conn)",
    "handle_error": "(self, req, client, addr, exc)",
    "finish_request": "(self, conn, fs)",
    "murder_pending": "(self)",
    "set_accept_enabled": "(self, enabled)",
    "is_parent_alive": "(self)",
}
CALLED = {
    ThreadWorker.accept: "(self, listener)",
    ThreadWorker.on_pending_socket_readable: "(self, conn, client)",
    PollableMethodQueue.defer: "(self, callback, *args)",
    TConn.close: "(self, graceful=False)",
    Body: "(reader)",
    util.write_nonblock: "(sock, data, chunked=False)",
    util.http_date: "(timestamp=None)",
}
ATTRIBUTES = {
    ThreadWorker: ["tpool", "poller", "pending_conns", "method_queue", "nr_conns"],
    BaseWorker: ["alive", "cfg", "log", "sockets"],
    TConn: ["sock", "initialized", "data_ready", "timeout"],
    message.Message: ["body", "must_close", "headers"],
    Body: ["reader"],
}
ERRORS = [
    "ConfigurationProblem",
    "ExpectationFailed",
    "InvalidHeader",
    "InvalidRequestLine",
    "LimitRequestHeaders",
    "LimitRequestLine",
    "NoMoreData",
    "ParseException",
    "UnsupportedTransferCoding",
]


def overrides() -> list[str]:
    return [
        name
        for name, value in vars(Worker).items()
        if callable(value) and hasattr(ThreadWorker, name)
    ]


def assigned(kind: type) -> set[str]:
    """Return the attributes that the methods of a class assign to `self`."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }


def test_all_overrides_are_compared_with_gunicorn() -> None:
    assert set(overrides()) == set(OVERRIDDEN)


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_overridden_method_has_a_known_signature(name: str) -> None:
    method = getattr(ThreadWorker, name, None)

    assert method, f"gunicorn's ThreadWorker has no {name}() any more"
    found = str(inspect.signature(method))
    assert found == OVERRIDDEN[name], f"gunicorn changed ThreadWorker.{name}{found}"


@pytest.mark.parametrize("called", CALLED, ids=lambda one: one.__qualname__)
def test_called_function_has_a_known_signature(called: Callable[..., object]) -> None:
    found = str(inspect.signature(called))

    assert found == CALLED[called], f"gunicorn changed {called.__qualname__}{found}"


@pytest.mark.parametrize("kind", ATTRIBUTES, ids=lambda kind: kind.__name__)
def test_used_attributes_exist(kind: type) -> None:
    missing = set(ATTRIBUTES[kind]) - assigned(kind)

    assert not missing, f"gunicorn's {kind.__name__} sets no {sorted(missing)} any more"


@pytest.mark.parametrize("name", ERRORS)
def test_error_class_exists(name: str) -> None:
    assert hasattr(errors, name), f"gunicorn.http.errors has no {name} any more"


def test_limit_of_the_request_line_can_be_raised() -> None:
    assert isinstance(message.MAX_REQUEST_LINE, int), "gunicorn has another limit"


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_override_names_the_test_that_requires_it(name: str) -> None:
    text = inspect.getdoc(vars(Worker)[name]) or ""

    tests = re.findall(r"tests/\S+\.py", text)
    assert tests, f"{name}() names no test"
    assert [path for path in tests if not (ROOT / path).exists()] == []
