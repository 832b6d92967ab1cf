"""Accounts registered over HTTP, with tasks inserted by SQL."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench import data
from bench.databases import KINDS, Database
from bench.load import LOGIN, Target
from bench.paths import ROOT, WORK, log
from bench.servers import SPECS, Server


class Account(NamedTuple):
    """An account and the range of its tasks."""

    size: int
    token: str
    first_id: int
    last_id: int

    @property
    def login(self) -> dict[str, str]:
        return _credentials(self.size)

    @property
    def target(self) -> Target:
        """The tasks that requests of the main run refer to."""
        ids = range(self.first_id, self.first_id + data.PATCHED_TASKS)
        return Target(self.token, ids, self.login)


class Dataset(NamedTuple):
    """A database and its accounts, by number of tasks."""

    database: Database
    accounts: dict[int, Account]

    @property
    def main(self) -> Account:
        return self.accounts[data.MAIN_SIZE]

    @property
    def largest(self) -> Account:
        return self.accounts[max(self.accounts)]

    def reopen_tasks(self) -> None:
        """Reset the tasks that slices change, so that each request changes one."""
        ids = self.main.target.task_ids
        self.database.run(data.REOPEN_TASKS.format(first=ids[0], last=ids[-1]))

    def clean(self) -> None:
        """Delete the rows that slices have written, and vacuum the tables."""
        last = max(account.last_id for account in self.accounts.values())
        self.database.run(*(text.format(last=last) for text in data.DELETE_WRITTEN))
        if self.database.kind == "sqlite":
            self.database.run("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            vacuum = "VACUUM (ANALYZE, INDEX_CLEANUP ON)"
            self.database.run(*(f"{vacuum} {name}" for name in data.WRITTEN_TABLES))


def prepare(kind: str, *, small: bool) -> Dataset:
    """Return the data; it is created again only after the schema has changed."""
    sizes = data.SMALL_SIZES if small else data.SIZES
    fingerprint = _fingerprint(sizes)
    name = f"taskapi_bench{'_small' * small}"
    file = WORK / f"{name}-{kind}.json"
    is_ready = file.exists() and json.loads(file.read_text()) == fingerprint
    file.unlink(missing_ok=True)
    database = KINDS[kind](name, recreate=not is_ready)
    database.migrate()
    if not is_ready:
        _fill(database, sizes)
    database.run("DELETE FROM sessions")
    with Server(SPECS["taskapi"], database) as server:
        accounts = {size: _log_in(server, database, size) for size in sizes}
    dataset = Dataset(database, accounts)
    dataset.clean()
    file.write_text(json.dumps(fingerprint))
    return dataset


def _fingerprint(sizes: tuple[int, ...]) -> list[Any]:
    """Return a value that changes with the sizes, the SQL and the migrations."""
    migrations = sorted((ROOT / "migrations" / "versions").glob("*.py"))
    sources = [Path(data.__file__), Path(__file__), *migrations]
    content = b"".join(source.read_bytes() for source in sources)
    return [list(sizes), hashlib.sha256(content).hexdigest()]


def _fill(database: Database, sizes: tuple[int, ...]) -> None:
    with Server(SPECS["taskapi"], database) as server:
        members = map(_member, data.MEMBERSHIPS)
        for login in [*map(_credentials, sizes), *members, *data.BURST_LOGINS]:
            status, _ = server.call("POST", "/api/v1/auth/register", login)
            if status != 201:
                raise RuntimeError(f"registration returned {status}")
    _fill_projects(database, small=sizes == data.SMALL_SIZES)
    for size in sizes:
        start = time.monotonic()
        owner = _user_id(database, _credentials(size))
        _insert_tasks(database, owner, _personal(database, owner), size)
        log(f"  {database.kind}: {size:,} tasks in {time.monotonic() - start:.0f} s")
    database.run(
        data.INSERT_TAGS.format(name="common", every=data.COMMON_TAG_EVERY),
        data.INSERT_TAGS.format(name="rare", every=data.RARE_TAG_EVERY),
    )


def _fill_projects(database: Database, *, small: bool) -> None:
    """Fill shared projects, and the personal ones of their members."""
    number = data.SMALL_PROJECT_TASKS if small else data.PROJECT_TASKS
    users = {n: _user_id(database, _member(n)) for n in data.MEMBERSHIPS}
    owner = users[max(users)]
    shared = max(data.MEMBERSHIPS) - 1
    database.run(*[data.INSERT_PROJECT] * shared)
    ids = database.rows("SELECT id FROM projects WHERE personal_user_id IS NULL")
    for (project_id,) in ids:
        _insert_tasks(database, owner, project_id, number)
    for memberships, user_id in users.items():
        values = {"user": user_id, "number": memberships - 1}
        database.run(data.INSERT_MEMBERSHIPS.format(**values))
        _insert_tasks(database, user_id, _personal(database, user_id), number)
        database.run(data.ASSIGN_TASKS.format(user=user_id))


def _insert_tasks(database: Database, owner: int, project_id: int, number: int) -> None:
    values = {"owner": owner, "project": project_id, "number": number}
    values |= {"every": data.RARE_EVERY, "rare": data.RARE_TERM}
    database.run(data.INSERT_TASKS[database.kind].format(**values))


def _user_id(database: Database, login: dict[str, str]) -> int:
    name = login["username"]
    return database.number(f"SELECT id FROM users WHERE username = '{name}'")


def _personal(database: Database, user_id: int) -> int:
    return database.number(
        f"SELECT id FROM projects WHERE personal_user_id = {user_id}"
    )


def log_in_member(server: Server, memberships: int) -> str:
    """Return an access token of the member of a number of projects."""
    status, tokens = server.call("POST", LOGIN, _member(memberships))
    if status != 200:
        raise RuntimeError(f"login returned {status}")
    return str(tokens["access_token"])


def _member(memberships: int) -> dict[str, str]:
    return {"username": f"member-{memberships}", "password": data.PASSWORD}


def _log_in(server: Server, database: Database, size: int) -> Account:
    status, tokens = server.call("POST", LOGIN, _credentials(size))
    if status != 200:
        raise RuntimeError(f"login returned {status}")
    token = tokens["access_token"]
    user_id = server.call("GET", "/api/v1/users/me", token=token)[1]["id"]
    source = f"FROM tasks WHERE owner_id = {user_id}"
    first, last = database.rows(
        f"SELECT min(id), max(id) {source} AND title LIKE 'Task number %'"
    )[0]
    found = database.number(f"SELECT count(*) {source} AND id <= {last}")
    if found != size:
        raise RuntimeError(f"{found} tasks instead of {size}; delete the folder .bench")
    return Account(size, token, first, last)


def _credentials(size: int) -> dict[str, str]:
    return {"username": f"owner-of-{size}", "password": data.PASSWORD}
