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

from tests.helpers.programs import ROOT, Program, find, free_port, listens
from tests.helpers.writers import ACCOUNT

BASE = "docker.io/library/python:3.13.16-slim-trixie"
SERVER = "docker.io/library/postgres:18.6-trixie"
CLIENT = """
apt-get update -qq
apt-get install -qq --no-install-recommends postgresql-client
ln -s 17 /usr/lib/postgresql/18
"""
PARTS = "--include=python3,python3-venv,ca-certificates"
PYTHON = "/usr/bin/python"
ENTER = """
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
    """Build, migrate, serve, make a task, stop; say what was tried."""
    parser = argparse.ArgumentParser(prog="tests.image.build", description=__doc__)
    parser.add_argument("--base", type=Path, help="a folder made by debootstrap before")
    parser.add_argument("options", nargs="*", help="more options of buildah, after --")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        folder = Path(name)
        base = wanted.base or _bootstrap(folder / "base")
        with _built(folder / "storage", base, wanted.options) as (root, config):
            _try(folder, root, config)
    return 0


def _bootstrap(base: Path) -> Path:
    words = [find("debootstrap", "debootstrap"), "--variant=minbase", PARTS, "trixie"]
    subprocess.run([*words, str(base)], check=True)
    return base


@contextmanager
def _built(
    storage: Path, base: Path, options: list[str]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Build the image, and give its files and its configuration."""
    where = ["--root", str(storage), "--runroot", f"{storage}.run"]
    buildah = [find("buildah", "buildah"), *where, "--storage-driver", "vfs"]

    def run(*words: str) -> str:
        done = subprocess.run(
            [*buildah, *words], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        return done.stdout.strip()

    _stand_in(run, base)
    build = ["bud", "--isolation", "chroot", "--format", "docker", "--pull-never"]
    run(*build, *options, "-t", "taskapi", ".")
    made = run("from", "--pull-never", "taskapi")
    config = json.loads(run("inspect", made))["OCIv1"]["config"]
    try:
        yield Path(run("mount", made)), config
    finally:
        run("umount", made)
        run("rm", "--all")


def _stand_in(run: Callable[..., str], base: Path) -> None:
    """Give the images that the Dockerfile begins with."""
    scratch = run("from", "scratch")
    run("copy", "-q", scratch, str(base), "/")
    run("run", "--isolation", "chroot", scratch, "ln", "-sf", "python3", PYTHON)
    run("commit", "-q", scratch, BASE)
    run("run", "--isolation", "chroot", scratch, "sh", "-euc", CLIENT)
    run("commit", "-q", "--rm", scratch, SERVER)


def _try(folder: Path, root: Path, config: dict[str, Any]) -> None:
    """Migrate, serve, use and stop what was built."""
    port = free_port()
    begin = _confined(folder, root, config, f"PORT={port}")
    migration = begin("migrate", "flask", "db", "upgrade")
    _expect(migration.process.wait() == 0, "it migrates", migration)
    api = begin("api", *config["Cmd"])
    try:
        api.wait(lambda: listens(port))
        _expect(_is_used(port), "it is healthy, and makes a task", api)
        intruder = begin("intruder", "touch", "/app/x")
        _expect(intruder.process.wait() != 0, "its files cannot be changed", api)
        _expect(api.stop() == 0, "it stops on SIGTERM, with exit status 0", api)
        _expect(_is_json(api), "each line of its log is JSON", api)
    finally:
        api.kill()


def _confined(
    folder: Path, root: Path, config: dict[str, Any], *variables: str
) -> Callable[..., Program]:
    """Return a starter of programs in the image, as its user and without writing."""
    data = folder / "data"
    data.mkdir()
    os.chown(data, *map(int, config["User"].split(":")))
    inside = ["unshare", "--mount", "sh", "-c", ENTER, str(root), str(data)]
    said = [*config["Env"], "DATABASE_URL=sqlite:////data/t.db", *variables]
    words = [*inside, config["User"], config["WorkingDir"], *said]
    return lambda name, *command: Program(name, [*words, *command], folder)


def _is_json(program: Program) -> bool:
    return all(map(json.loads, program.log.read_text().splitlines()))


def _expect(is_so: bool, promise: str, program: Program) -> None:  # noqa: FBT001 - says what was found
    if not is_so:
        raise RuntimeError(f"not so: {promise}\n{program.log.read_text()[-2000:]}")
    sys.stdout.write(f"{promise}\n")


def _is_used(port: int) -> bool:
    """Tell whether it is healthy, takes an account and a task of it."""
    health, _ = _call(port, "GET", "/health")
    _call(port, "POST", "/api/v1/auth/register", ACCOUNT)
    _, session = _call(port, "POST", "/api/v1/auth/login", ACCOUNT)
    bearer = f"Bearer {session['access_token']}"
    made, _ = _call(port, "POST", "/api/v1/tasks", {"title": "Sow"}, bearer)
    return (health, made) == (200, 201)


def _call(
    port: int, method: str, path: str, body: Any = None, bearer: str = ""
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json", "Authorization": bearer}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


if __name__ == "__main__":
    sys.exit(main())
