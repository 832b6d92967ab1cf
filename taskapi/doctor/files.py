"""Checks of the files of SQLite and of the folder that gunicorn writes to."""

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from taskapi import db
from taskapi.doctor.findings import Finding, fail, ok, warn
from taskapi.server.command_line import flask_command
from taskapi.web.settings import settings

MOUNTS = Path("/proc/self/mountinfo")
SHARED_MEMORY = Path("/dev") / "shm"
NETWORK = re.compile(r"nfs\d?|cifs|smb\w+|9p|ceph|afs|glusterfs|lustre|fuse\..*")
TEMPORARY = {"overlay", "aufs", "tmpfs", "ramfs", "fuse.fuse-overlayfs"}
MIN_FREE_MB = 100
OTHER_USERS = stat.S_IRWXG | stat.S_IRWXO


def check() -> list[Finding]:
    """Check folders and files without writing to them."""
    url = db.database.engine.url
    if url.get_backend_name() != "sqlite":
        return [_check_heartbeats()]
    database = Path(str(url.database)).resolve()
    folder = database.parent
    if not folder.is_dir():
        command = flask_command("db upgrade")
        remedy = f"Run `{command}` as the user of the service, which creates it."
        missing = fail("folder", f"{folder} does not exist", remedy)
        return [missing, _check_heartbeats()]
    return [
        _check_folder(database),
        _check_permissions(database),
        _check_secret(database),
        _check_file_system(folder),
        _check_heartbeats(),
    ]


def file_system(folder: Path, mounts: str) -> str:
    """Return the type of the file system of a folder; `mounts` is a mountinfo file."""
    types: dict[Path, str] = {}
    for line in mounts.splitlines():
        mount, _, source = line.partition(" - ")
        # Spaces and other special characters are octal escapes, such as \040.
        point = re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), mount.split()[4])
        types[Path(point)] = source.split()[0]
    return next((types[p] for p in (folder, *folder.parents) if p in types), "")


def _check_file_system(folder: Path) -> Finding:
    mounts = MOUNTS.read_text(errors="replace") if MOUNTS.exists() else ""
    found = file_system(folder, mounts)
    severity = fail if settings.environment == "production" else warn
    if found in TEMPORARY:
        message = f"{folder} is on {found}, which may be deleted with the container"
        remedy = "Mount a volume there, or use PostgreSQL."
        return severity("file system", message, remedy)
    if NETWORK.fullmatch(found):
        message = f"{folder} is on {found}, where SQLite can lose data"
        return severity("file system", message, "Use a local disk, or PostgreSQL.")
    return ok("file system", found or "unknown")


def _check_secret(database: Path) -> Finding:
    secret = database.with_name(f"{database.name}.secret")
    if not secret.exists():
        return ok("secret file", "none: SECRET_KEY is set")
    if _is_accessible(secret):
        message = f"other users can read {secret}"
        return warn("secret file", message, f"Run `chmod 600 {secret}`.")
    return ok("secret file", f"{secret}; keep a copy apart from the backups")


def _check_permissions(database: Path) -> Finding:
    endings = ("", "-wal", "-shm", "-journal")
    files = [database.with_name(database.name + ending) for ending in endings]
    paths = [path for path in (database.parent, *files) if path.exists()]
    accessible = next(filter(_is_accessible, paths), None)
    if accessible:
        mode = "700" if accessible.is_dir() else "600"
        message = f"other users can open {accessible}"
        return warn("private", message, f"Run `chmod {mode} {accessible}`.")
    return ok("private", "only the user of the service can open the database")


def _is_accessible(path: Path) -> bool:
    """Return whether other users of the machine can open a file or folder."""
    return bool(path.stat().st_mode & OTHER_USERS)


def _check_folder(database: Path) -> Finding:
    folder = database.parent
    for path in (folder, database):
        if path.exists() and not os.access(path, os.W_OK):
            remedy = "Make the user of the service its owner."
            return fail("folder", f"{path} is not writable", remedy)
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb < MIN_FREE_MB:
        message = f"only {free_mb} MB are free in {folder}"
        return warn("folder", message, "Free some disk space.")
    return ok("folder", f"{folder}, {free_mb} MB free")


def _check_heartbeats() -> Finding:
    folder = SHARED_MEMORY if SHARED_MEMORY.is_dir() else Path(tempfile.gettempdir())
    if not os.access(folder, os.W_OK):
        remedy = "Let the user of the service write there; gunicorn's workers need it."
        return fail("workers", f"{folder} is not writable", remedy)
    return ok("workers", f"heartbeat files are in {folder}")
