"""Rules of the code that linters do not check."""

import ast
import re
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "taskapi").rglob("*.py"))
PRODUCT = [
    *PACKAGE,
    *(ROOT / name for name in ("config.py", "wsgi.py")),
]
SERVED = [*PRODUCT, ROOT / "gunicorn.conf.py", ROOT / "migrations" / "env.py"]
FEATURES = [path for path in PACKAGE if path.name == "__init__.py"][1:]
SUPPRESSION = re.compile(r"#.*\b(noqa|type: ignore|pragma|nosec)\b")
REASONED = re.compile(
    r"# (noqa: [A-Z]+\d+|type: ignore\[[a-z-]+\]).*  ?(- |# )?[a-zA-Z]"
)
MAX_SUPPRESSIONS = 12
ANY = re.compile(r"\bAny\b")
MAX_ANY = 245
FLAT_LISTS = {"config.py", "errors.py", "problem_types.py"}
"""Files that get a few lines with each setting or problem type."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> dict[str, Function]:
    found = [node for node in ast.walk(tree(path)) if isinstance(node, Function)]
    return {f"{shown(path)}:{node.lineno} {node.name}": node for node in found}


def code(function: Function) -> list[ast.stmt]:
    """Return the body of a function without its docstring."""
    return function.body[1 if ast.get_docstring(function) else 0 :]


def physical(function: Function) -> int:
    """Return the number of lines of a function's code."""
    body = code(function)
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def logical(function: Function) -> int:
    """Return the number of lines of a function's code before wrapping."""
    body = code(function)
    return sum(len(ast.unparse(statement).splitlines()) for statement in body)


def names(path: Path) -> set[str]:
    """Return all names and attributes in the code of a file."""
    nodes = list(ast.walk(tree(path)))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in nodes if isinstance(node, ast.Name)}


def suppressions() -> Iterator[str]:
    """Yield the comments that silence a tool."""
    for path in PRODUCT:
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.COMMENT and SUPPRESSION.search(token.string):
                    yield token.string


def all_functions(paths: list[Path]) -> dict[str, Function]:
    return {name: node for path in paths for name, node in functions(path).items()}


def test_only_db_commits() -> None:
    ending = {"commit", "rollback"}

    enders = [shown(path) for path in SERVED if ending & names(path)]

    assert enders == [
        "taskapi/db/engine.py",  # resets a connection that returns to the pool
        "taskapi/db/transactions.py",
    ]


def test_commit_early_is_called_for_security_only() -> None:
    callers = [p for p in SERVED if "commit_early" in names(p)]

    assert [shown(path) for path in callers] == [
        "taskapi/auth/refresh.py",  # the session of a stolen token ends
        "taskapi/users/throttling.py",  # login attempts
    ]


def test_only_settings_read_the_environment() -> None:
    reading = re.compile(r"\bos\.(environb?|getenv)\b|from os import")

    readers = [shown(path) for path in SERVED if reading.search(path.read_text())]

    assert readers in ([], ["config.py"])


def test_only_clock_reads_the_time() -> None:
    reading = {"now", "utcnow", "today"}

    calls = {
        f"{shown(path)}: {ast.unparse(node)}"
        for path in PACKAGE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in reading
    }

    own = {call for call in calls if not call.endswith(": clock.now")}
    assert own == {"taskapi/clock.py: datetime.now"}


def test_handlers_have_at_most_eight_lines() -> None:
    routes = [path for path in PACKAGE if path.name == "routes.py"]

    lengths = {name: logical(one) for name, one in all_functions(routes).items()}

    assert len(routes) >= 4
    assert [name for name, lines in lengths.items() if lines > 8] == []


def test_functions_have_at_most_25_lines() -> None:
    lengths = {name: physical(one) for name, one in all_functions(SERVED).items()}

    assert [name for name, lines in lengths.items() if lines > 25] == []


@pytest.mark.parametrize("path", FEATURES, ids=shown)
def test_packages_have_a_docstring_and_no_code(path: Path) -> None:
    body = tree(path).body

    assert ast.get_docstring(tree(path))
    assert len(body) == 1 or path.parent.name == "db"  # which exports names


@pytest.mark.parametrize("path", SERVED, ids=shown)
def test_files_are_short(path: Path) -> None:
    lines = path.read_text().splitlines()

    assert len(lines) <= (300 if path.name in FLAT_LISTS else 250)


def test_suppressions_are_rare() -> None:
    assert len(list(suppressions())) <= MAX_SUPPRESSIONS


def test_suppressions_name_the_rule_and_the_reason() -> None:
    unreasoned = [text for text in suppressions() if not REASONED.search(text)]

    assert unreasoned == []


def test_imports_are_at_the_top() -> None:
    importing = {
        name
        for name, function in all_functions(PACKAGE).items()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert importing == set()


def test_top_level_has_nine_modules() -> None:
    modules = {path.stem for path in (ROOT / "taskapi").glob("*.py")} - {"__init__"}

    assert modules == {
        "app",
        "cli",
        "clock",
        "console",
        "errors",
        "maintenance",
        "passwords",
        "scopes",
        "typing",
    }


def imports_between_packages() -> set[tuple[str, str]]:
    """Return the importing and the imported member of taskapi, for each import."""
    imports = re.compile(r"^from taskapi(?:\.(\w+)\S*)? import (.*)", re.MULTILINE)
    return {
        (path.relative_to(ROOT / "taskapi").parts[0].removesuffix(".py"), name)
        for path in PACKAGE
        for package, names in imports.findall(path.read_text())
        for name in ([package] if package else re.findall(r"\w+", names))
    }


def test_packages_without_a_layer_are_imported_by_app_and_cli_only() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    contract = tools["importlinter"]["contracts"][0]
    layers = set(re.findall(r"\w+", str(contract["layers"])))
    imports = imports_between_packages()

    importers = {a for a, b in imports if b not in {a, *layers}}
    users_of_app = {a for a, b in imports if b in {"app", "cli", "maintenance"}}

    assert importers <= {"app", "cli"}
    assert users_of_app <= {"__init__", "app", "cli"}


def test_any_is_used_rarely() -> None:
    used = [word for path in PACKAGE for word in ANY.findall(path.read_text())]

    assert len(used) <= MAX_ANY
