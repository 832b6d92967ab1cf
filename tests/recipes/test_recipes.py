"""The recipes of CONTRIBUTING.md, followed word by word in a copy of the repository."""

import ast
import importlib.util
import shutil
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.recipes.checkout import Checkout, Edit, recipes

RECIPES = recipes()
COMMON = ("tests/test_openapi.py", "tests/test_docs.py", "tests/test_architecture.py")
TESTS = {
    "Add a field": (
        "tests/recipes/added_field.py",
        "tests/test_migrations.py",
        "tests/import_export/test_export.py",
        "tests/import_export/test_round_trip.py",
        "tests/tasks/test_create.py",
        "tests/tasks/test_model.py",
    ),
    "Add a filter of the task list": (
        "tests/recipes/added_filter.py",
        "tests/tasks/test_list_arguments.py",
        "tests/tasks/test_list_filters.py",
    ),
    "Add a resource": (
        "tests/recipes/added_resource.py",
        "tests/test_permissions.py",
        "tests/test_documented_permissions.py",
        "tests/test_migrations.py",
    ),
    "Add a setting": (
        "tests/test_config.py",
        "tests/test_config_values.py",
        "tests/test_shipping.py",
    ),
    "Add a command": ("tests/test_cli.py", "tests/system/test_command_line.py"),
    "Add a problem type": ("tests/system/test_problem_pages.py",),
}


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that mypy shares between the copies."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("git"), reason="git is missing")
@pytest.mark.skipif(not shutil.which("make"), reason="make is missing")
@pytest.mark.parametrize("name", TESTS)
def test_recipe_changes_the_files_that_it_names(
    tmp_path: Path, mypy_cache: Path, name: str
) -> None:
    copy, recipe = Checkout(tmp_path / "copy", mypy_cache), RECIPES[name]

    copy.follow(recipe)

    changed = copy.changed()
    assert all(any(fnmatch(path, one) for one in recipe.files) for path in changed)
    assert all(any(fnmatch(path, one) for path in changed) for one in recipe.files)
    copy.run("make", "check")
    copy.pytest(*COMMON, *TESTS[name])
    assert copy.changed() == changed


def test_every_recipe_is_tested() -> None:
    assert RECIPES.keys() == TESTS.keys()


def test_recipes_import_what_exists() -> None:
    edits = [s for one in RECIPES.values() for s in one.steps if isinstance(s, Edit)]
    imports = [
        (node.module, alias.name)
        for edit in edits
        if edit.path.endswith(".py") and edit.place is None
        for node in ast.walk(ast.parse(edit.text))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if "notes" not in f"{node.module}.{alias.name}"
    ]

    missing = [
        f"{module}.{name}" for module, name in imports if not exists(module, name)
    ]

    assert len(imports) > 10
    assert missing == []


def exists(module: str, name: str) -> bool:
    """Return whether a module has this name or this submodule."""
    has_name = hasattr(importlib.import_module(module), name)
    return has_name or importlib.util.find_spec(f"{module}.{name}") is not None
