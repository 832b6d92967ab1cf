"""Build the image and use it, without a container engine or a registry.

`python -m tests.image.build` requires root and the Debian packages buildah and
debootstrap. It runs all instructions of the Dockerfile.

Differences from the image that CI builds:

- The base image is Debian's trixie with its own Python 3.13, not
  python:3.13-slim-trixie.
- pg_dump and pg_restore are those of trixie (17), not those of the PostgreSQL image
  (18).
- The process is confined by chroot and a read-only mount, not by a container engine.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.programs import (
    ROOT,
    Program,
    accepts_connections,
    find_program,
    free_port,
)
from tests.helpers.writers import ACCOUNT

BASE = "docker.io/library/python:3.13.16-slim-trixie"
POSTGRESQL = "docker.io/library/postgres:18.6-trixie"
INSTALL_CLIENT = """
apt-get update -qq
apt-get install -qq --no-install-recommends postgresql-client
ln -s 17 /usr/lib/postgresql/18
"""
PACKAGES = "--include=python3,python3-venv,ca-certificates"
PYTHON = "/usr/bin/python"
ENTER_IMAGE = """
set -e
root=$0 data=$1 user=$2 folder=$3
shift 3
mount --bind "$root" "$root"
mount --bind "$data" "$root/data"
mount --rbind /dev "$root/dev"
mount --bind /proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" env -i -C "$folder" "$@"
"""


def main() -> int:
    """Build the image, use it and print what was checked."""
    parser = argparse.ArgumentParser(prog="tests.image.build", description=__doc__)
    parser.add_argument("--base", type=Path, help="a folder that debootstrap created")
    parser.add_argument("options", nargs="*", help="more options of buildah, after --")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        folder = Path(name)
        base = arguments.base or _bootstrap(folder / "base")
        with _built(folder / "storage", base, arguments.options) as (root, config):
            _check(folder, root, config)
    return 0


def _bootstrap(base: Path) -> Path:
    command = [
        find_program("debootstrap", "debootstrap"),
        "--variant=minbase",
        PACKAGES,
        "trixie",
    ]
    subprocess.run([*command, str(base)], check=True)
    return base


@contextmanager
def _built(
    storage: Path, base: Path, options: list[str]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Build the image; yield its files and its configuration."""
    storage_options = ["--root", str(storage), "--runroot", f"{storage}.run"]
    buildah = [
        find_program("buildah", "buildah"),
        *storage_options,
        "--storage-driver",
        "vfs",
    ]

    def run(*arguments: str) -> str:
        process = subprocess.run(
            [*buildah, *arguments],
            check=True,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        return process.stdout.strip()

    _create_base_images(run, base)
    build = ["bud", "--isolation", "chroot", "--format", "docker", "--pull-never"]
    run(*build, *options, "-t", "taskapi", ".")
    container = run("from", "--pull-never", "taskapi")
    config = json.loads(run("inspect", container))["OCIv1"]["config"]
    try:
        yield Path(run("mount", container)), config
    finally:
        run("umount", container)
        run("rm", "--all")


def _create_base_images(run: Callable[..., str], base: Path) -> None:
    """Create images with the names that the Dockerfile begins with."""
    scratch = run("from", "scratch")
    run("copy", "-q", scratch, str(base), "/")
    run("run", "--isolation", "chroot", scratch, "ln", "-sf", "python3", PYTHON)
    run("commit", "-q", scratch, BASE)
    run("run", "--isolation", "chroot", scratch, "sh", "-euc", INSTALL_CLIENT)
    run("commit", "-q", "--rm", scratch, POSTGRESQL)


def _check(folder: Path, root: Path, config: dict[str, Any]) -> None:
    """Migrate, serve, send requests and stop."""
    port = free_port()
    start = _confined_starter(folder, root, config, f"PORT={port}")
    migration = start("migrate", "flask", "db", "upgrade")
    _expect(migration.process.wait() == 0, "migrations succeed", migration)
    api = start("api", *config["Cmd"])
    try:
        api.wait(lambda: accepts_connections(port))
        _expect(_is_usable(port), "the service is healthy and creates a task", api)
        intruder = start("intruder", "touch", "/app/x")
        _expect(
            intruder.process.wait() != 0, "files of the image cannot be changed", api
        )
        _expect(api.stop() == 0, "SIGTERM stops the service with exit status 0", api)
        _expect(_logs_json(api), "each line of the log is JSON", api)
    finally:
        api.kill()


def _confined_starter(
    folder: Path, root: Path, config: dict[str, Any], *variables: str
) -> Callable[..., Program]:
    """Return a function that starts programs in the image, read-only, as its user."""
    data = folder / "data"
    data.mkdir()
    os.chown(data, *map(int, config["User"].split(":")))
    inside = ["unshare", "--mount", "sh", "-c", ENTER_IMAGE, str(root), str(data)]
    variables_of_image = [
        *config["Env"],
        "DATABASE_URL=sqlite:////data/t.db",
        *variables,
    ]
    command = [*inside, config["User"], config["WorkingDir"], *variables_of_image]
    return lambda name, *arguments: Program(name, [*command, *arguments], folder)


def _logs_json(program: Program) -> bool:
    return all(map(json.loads, program.log.read_text().splitlines()))


def _expect(condition: bool, description: str, program: Program) -> None:  # noqa: FBT001 - reads like an assertion
    if not condition:
        raise RuntimeError(f"failed: {description}\n{program.log.read_text()[-2000:]}")
    sys.stdout.write(f"{description}\n")


def _is_usable(port: int) -> bool:
    """Return whether the service is healthy and creates an account and a task."""
    health, _ = _call(port, "GET", "/health")
    _call(port, "POST", "/api/v1/auth/register", ACCOUNT)
    _, tokens = _call(port, "POST", "/api/v1/auth/login", ACCOUNT)
    bearer = f"Bearer {tokens['access_token']}"
    created, _ = _call(port, "POST", "/api/v1/tasks", {"title": "Sow"}, bearer)
    return (health, created) == (200, 201)


def _call(
    port: int, method: str, path: str, body: Any = None, bearer: str = ""
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json", "Authorization": bearer}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


if __name__ == "__main__":
    sys.exit(main())
