"""Files: where SQLite lies, and what gunicorn must be able to write."""

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from taskapi import db
from taskapi.doctor.findings import Finding, fail, ok, warn
from taskapi.web.settings import settings

MOUNTS = Path("/proc/self/mountinfo")
MEMORY = Path("/dev") / "shm"
NETWORK = re.compile(r"nfs\d?|cifs|smb\w+|9p|ceph|afs|glusterfs|lustre|fuse\..*")
FLEETING = {"overlay", "aufs", "tmpfs", "ramfs", "fuse.fuse-overlayfs"}
LITTLE_MB = 100
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine() -> list[Finding]:
    """Look at folders; nothing is written."""
    url = db.database.engine.url
    if url.get_backend_name() != "sqlite":
        return [_workers()]
    file = Path(str(url.database)).resolve()
    if not file.parent.is_dir():
        remedy = "Make it, owned by the user of the service."
        return [fail("folder", f"there is no {file.parent}", remedy), _workers()]
    return [
        _folder(file),
        _private(file),
        _secret(file),
        _file_system(file.parent),
        _workers(),
    ]


def file_system(folder: Path, mounts: str) -> str:
    """Return the kind of file system that a folder is on."""
    kinds: dict[Path, str] = {}
    for line in mounts.splitlines():
        mounted, _, what = line.partition(" - ")
        point = re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), mounted.split()[4])
        kinds[Path(point)] = what.split()[0]
    return next((kinds[p] for p in (folder, *folder.parents) if p in kinds), "")


def _file_system(folder: Path) -> Finding:
    mounts = MOUNTS.read_text(errors="replace") if MOUNTS.exists() else ""
    kind = file_system(folder, mounts)
    judge = fail if settings.environment == "production" else warn
    if kind in FLEETING:
        told = f"{folder} is on {kind}: it may not outlive this container or machine"
        return judge("file system", told, "Mount a volume there, or use PostgreSQL.")
    if NETWORK.fullmatch(kind):
        told = f"{folder} is on {kind}: SQLite can lose data there"
        return judge("file system", told, "Use a local disk, or PostgreSQL.")
    return ok("file system", kind or "unknown")


def _secret(file: Path) -> Finding:
    kept = file.with_name(f"{file.name}.secret")
    if not kept.exists():
        return ok("secret file", "none: SECRET_KEY is a setting")
    if kept.stat().st_mode & OTHERS:
        told = f"others may read {kept}"
        return warn("secret file", told, "Let only the user of the service: chmod 600.")
    return ok("secret file", f"{kept}; keep a copy where no backup lies")


def _private(file: Path) -> Finding:
    """Return whether other users of the machine may open the database."""
    data = [file.with_name(file.name + end) for end in ("", "-wal", "-shm", "-journal")]
    exposed = [p for p in (file.parent, *data) if p.exists() and _is_open(p)]
    if exposed:
        remedy = f"Run `chmod {'700' if exposed[0].is_dir() else '600'} {exposed[0]}`."
        return warn("private", f"other users may open {exposed[0]}", remedy)
    return ok("private", "only the user of the service may open the database")


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & OTHERS)


def _folder(file: Path) -> Finding:
    folder = file.parent
    locked = [p for p in (folder, file) if p.exists() and not os.access(p, os.W_OK)]
    if locked:
        remedy = "Give it to the user of the service."
        return fail("folder", f"{locked[0]} cannot be written", remedy)
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < LITTLE_MB:
        return warn("folder", f"{free} MB are free in {folder}", "Make room there.")
    return ok("folder", f"{folder}, {free} MB free")


def _workers() -> Finding:
    folder = MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir())
    if not os.access(folder, os.W_OK):
        remedy = "gunicorn's workers need it: let the user of the service write there."
        return fail("workers", f"{folder} cannot be written", remedy)
    return ok("workers", f"their signs of life go to {folder}")
