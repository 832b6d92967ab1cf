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
import re
import shlex
import shutil
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
PAGE = ROOT / "docs" / "deploy" / "container.md"
ADMIN = ["--email=root@example.org", "--password=a long walk at dawn"]
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


def documented_commands(page: Path = PAGE) -> list[list[str]]:
    """Return the commands that docs/deploy/container.md runs inside the container."""
    text = page.read_text().partition("## With PostgreSQL")[0].replace("\\\n", " ")
    lines = re.findall(r"^docker (?:run|exec) .*$", text, re.MULTILINE)
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[_name_at(line) + 1 :] for line in words]


def _name_at(words: list[str]) -> int:
    """Return the position of the container or the image, which the command follows."""
    return max(n for n, word in enumerate(words) if word.endswith("taskapi"))


def _check(folder: Path, root: Path, config: dict[str, Any]) -> None:
    """Run the documented commands: serve, create an account, back up and restore."""
    port = free_port()
    start = _confined_starter(folder, root, config, f"PORT={port}")
    serve, *others = documented_commands()
    create, backup, restore = map(without_redirection, others)
    api = start("api", *serve)
    try:
        api.wait(lambda: accepts_connections(port))
        _expect(_is_usable(port), "the service is healthy and creates a task", api)
        api.wait(lambda: shlex.join(create) in api.log.read_text())
        _check_commands(start, create, backup)
        _expect(api.stop() == 0, "SIGTERM stops the service with exit status 0", api)
        _expect(_logs_json(api), "each line of the log is JSON", api)
        api.start()
        api.wait(lambda: accepts_connections(port))
        _expect(api.stop() == 0, "the same command starts an upgraded image", api)
    finally:
        api.kill()
    _check_restore(folder, _confined_starter(folder / "new", root, config), restore)


def _check_commands(
    start: Callable[..., Program], create: list[str], backup: list[str]
) -> None:
    _run(start("create", *create, *ADMIN), "the logged command creates an account")
    line = f"{shlex.join(backup)} > /data/copy"
    _run(start("backup", "sh", "-c", line), "the database is copied to a stream")
    intruder = start("intruder", "touch", "/app/x")
    _expect(intruder.process.wait() != 0, "the image cannot be changed", intruder)


def _check_restore(
    folder: Path, start: Callable[..., Program], restore: list[str]
) -> None:
    copy = shutil.copy(folder / "data" / "copy", folder / "new" / "data")
    Path(copy).chmod(0o644)
    line = f"{shlex.join(restore)} < /data/copy"
    _run(start("restore", "sh", "-c", line), "a stream is restored into a new volume")


def _run(program: Program, description: str) -> None:
    _expect(program.process.wait() == 0, description, program)


def without_redirection(words: list[str]) -> list[str]:
    """Return the words of a command before `<` or `>`."""
    end = next((n for n, word in enumerate(words) if word in {"<", ">"}), len(words))
    return words[:end]


def _confined_starter(
    folder: Path, root: Path, config: dict[str, Any], *variables: str
) -> Callable[..., Program]:
    """Return a function that starts programs in the image, read-only, as its user."""
    data = folder / "data"
    data.mkdir(parents=True)
    os.chown(data, *map(int, config["User"].split(":")))
    inside = ["unshare", "--mount", "sh", "-c", ENTER_IMAGE, str(root), str(data)]
    variables_of_image = [*config["Env"], *variables]
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
