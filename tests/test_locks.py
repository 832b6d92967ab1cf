"""Lock files: they contain all requirements of their packages.

pip 23 looks for the newest release of a package that another one requires with an
extra, unless the lock pins it with that extra (pip #9644).
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]
DIRECT = {
    "requirements.txt": PROJECT["project"]["dependencies"],
    "requirements-dev.txt": PROJECT["project"]["dependencies"] + GROUPS["dev"],
    "requirements-bench.txt": PROJECT["project"]["dependencies"] + GROUPS["bench"],
    "requirements-docs.txt": GROUPS["docs"],
    "requirements-generators.txt": GROUPS["generators"],
}
PLATFORMS = ("linux", "darwin", "win32")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PIN = re.compile(r"^([a-z0-9][^\\\n]*?) \\$", re.MULTILINE)
Environment = dict[str, str]


class Pin(NamedTuple):
    """A version in a lock, and the extras with which it is locked."""

    version: str
    extras: set[str]


def environments() -> Iterator[Environment]:
    """Yield the environments for which the locks are made."""
    for platform, python in product(PLATFORMS, PYTHONS):
        own = {"sys_platform": platform, "python_version": python}
        own["python_full_version"] = f"{python}.1"
        own["os_name"] = "nt" if platform == "win32" else "posix"
        own["platform_system"] = {"win32": "Windows", "darwin": "Darwin"}.get(
            platform, "Linux"
        )
        yield {**{k: str(v) for k, v in default_environment().items()}, **own}


ENVIRONMENTS = list(environments())


def applies(marker: Marker | None, environment: Environment, extra: str = "") -> bool:
    return marker is None or marker.evaluate({**environment, "extra": extra})


@cache
def pinned(lock: str) -> list[Requirement]:
    """Return all pins of a lock."""
    return [Requirement(line) for line in PIN.findall((ROOT / lock).read_text())]


@cache
def requirements(name: str) -> list[Requirement]:
    """Return all requirements of a distribution, none if it is not installed."""
    try:
        return [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:  # of another lock or platform
        return []


def pins(lock: str, environment: Environment) -> dict[str, Pin]:
    """Return the pins of a lock in an environment, by name."""
    found = {}
    for one in pinned(lock):
        if applies(one.marker, environment):
            (exact,) = one.specifier
            found[canonicalize_name(one.name)] = Pin(exact.version, one.extras)
    return found


def declared(name: str, pin: Pin, environment: Environment) -> list[Requirement]:
    """Return the requirements of an installed distribution in an environment."""
    extras = {"", *pin.extras}
    return [
        one
        for one in requirements(name)
        if any(applies(one.marker, environment, e) for e in extras)
    ]


def unsatisfied(one: Requirement, locked: dict[str, Pin]) -> bool:
    pin = locked.get(canonicalize_name(one.name))
    if pin is None:
        return True
    names = {canonicalize_name(extra) for extra in pin.extras}
    missing = {canonicalize_name(extra) for extra in one.extras} - names
    return bool(missing) or not one.specifier.contains(pin.version, prereleases=True)


def test_each_lock_file_is_tested() -> None:
    files = {path.name for path in ROOT.glob("requirements*.txt")}

    assert files == set(DIRECT)


@pytest.mark.parametrize("lock", DIRECT)
def test_lock_satisfies_the_requirements_of_the_project(lock: str) -> None:
    wanted = [Requirement(text) for text in DIRECT[lock]]

    locked = pins(lock, ENVIRONMENTS[0])

    assert [str(one) for one in wanted if unsatisfied(one, locked)] == []


@pytest.mark.parametrize("lock", DIRECT)
def test_lock_satisfies_the_requirements_of_its_distributions(lock: str) -> None:
    missing = {
        f"{name} requires {one}"
        for environment in ENVIRONMENTS
        for locked in [pins(lock, environment)]
        for name, pin in locked.items()
        for one in declared(name, pin, environment)
        if unsatisfied(one, locked)
    }

    assert missing == set()


def test_development_lock_contains_the_runtime_lock() -> None:
    here = {name: str(value) for name, value in default_environment().items()}

    served = pins("requirements.txt", here)

    assert {name: version(name) for name in served} == {
        name: pin.version for name, pin in served.items()
    }


@pytest.mark.parametrize("lock", DIRECT)
def test_each_pin_of_a_lock_has_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()

    pinned = re.findall(r"^[a-z0-9].*\n +(\S+)", text, re.MULTILINE)

    assert pinned
    assert all(option.startswith("--hash=sha256:") for option in pinned)


@pytest.mark.parametrize("lock", ["requirements-dev.txt", "requirements-bench.txt"])
def test_locks_agree_on_runtime_versions(lock: str) -> None:
    served = pins("requirements.txt", ENVIRONMENTS[0])

    same = pins(lock, ENVIRONMENTS[0])

    assert {name: same[name].version for name in served} == {
        name: pin.version for name, pin in served.items()
    }
