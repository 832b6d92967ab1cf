"""The data: four accounts, made as the product makes them, with tasks made by SQL."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench.databases import KINDS, Database
from bench.load import LOGIN, Target
from bench.login_clients import CROWD, PASSWORD
from bench.paths import HOME, ROOT, say
from bench.servers import SPECS, Server

SIZES = (10, 1_000, 100_000, 1_000_000)
SMALL_SIZES = (10, 1_000, 20_000)
USUAL = 1_000
PATCHED = 500
"""So many of the tasks, the oldest, are read and changed by slices."""
RARE = "rarest"
RARE_EVERY = 300
NOBODY_HAS = "zzzz"
EMPTY_STATUS = "cancelled"

COLUMNS = """owner_id, title, description, words, status, priority, due_at, due_is_day,
    completed_at, version, created_at, updated_at"""
TEXTS = """'Task number ' || n,
    'Some words about ' || w || ' and ' || x
        || ' to make it seventy five characters long'
        || CASE WHEN n % {every} = 0 THEN ' {rare}' ELSE '' END"""
STATUS = """
    CASE n % 4 WHEN 0 THEN 'completed' WHEN 1 THEN 'in_progress' ELSE 'todo' END,
    1 + n % 3"""
NUMBERS = """
    SELECT n, 'w' || (n * 7919 % 5000) AS w, 'x' || (n * 104729 % 7000) AS x FROM"""

LOAD = {
    "postgresql": f"""
INSERT INTO tasks ({COLUMNS})
SELECT {{owner}}, {TEXTS},
    (SELECT array_to_tsvector(array_agg(DISTINCT '{{owner}}@' || word))
        FROM unnest(ARRAY['task', 'number', n::text, 'some', 'words', 'about', w, x,
        'and', 'to', 'make', 'it', 'seventy', 'five', 'characters', 'long',
        CASE WHEN n % {{every}} = 0 THEN '{{rare}}' END]) AS word
        WHERE word IS NOT NULL),
    {STATUS},
    CASE WHEN n % 3 > 0 THEN moment + (n % 700) * interval '1 day' END, n % 6 = 4,
    CASE WHEN n % 4 = 0 THEN moment + n * interval '7 seconds' END, 1,
    moment + n * interval '7 seconds', moment + n * interval '7 seconds'
FROM ({NUMBERS} generate_series(1::bigint, {{number}}) AS n) AS numbers,
    (SELECT timestamptz '2026-01-01 00:00:00+00' AS moment) AS first
""",
    "sqlite": f"""
INSERT INTO tasks ({COLUMNS})
WITH RECURSIVE counter(n) AS
    (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {{number}})
SELECT {{owner}}, {TEXTS},
    '{{owner}}@' || replace('task number ' || n || ' some words about ' || w || ' ' || x
        || ' and to make it seventy five characters long'
        || CASE WHEN n % {{every}} = 0 THEN ' {{rare}}' ELSE '' END,
        ' ', ' {{owner}}@'),
    {STATUS},
    CASE WHEN n % 3 > 0
        THEN date('2026-01-01', (n % 700) || ' days') || ' 00:00:00.000000' END,
    n % 6 = 4,
    CASE WHEN n % 4 = 0
        THEN datetime('2026-01-01', (n * 7) || ' seconds') || '.000000' END, 1,
    datetime('2026-01-01', (n * 7) || ' seconds') || '.000000',
    datetime('2026-01-01', (n * 7) || ' seconds') || '.000000'
FROM ({NUMBERS} counter)
""",
}
TAG = """
INSERT INTO task_tags (task_id, key, name, owner_id)
SELECT id, '{name}', '{name}', owner_id FROM tasks WHERE id % {every} = 0
"""


class Account(NamedTuple):
    """Someone with so many tasks."""

    size: int
    user_id: int
    token: str
    first_id: int
    last_id: int

    @property
    def login(self) -> dict[str, str]:
        """Return what the account logs in with."""
        return _credentials(self.size)

    @property
    def target(self) -> Target:
        """Return what is asked for on behalf of the account."""
        ids = range(self.first_id, self.first_id + PATCHED)
        return Target(self.token, ids, self.login)


class Dataset(NamedTuple):
    """A database, and who is in it."""

    database: Database
    accounts: dict[int, Account]

    @property
    def usual(self) -> Account:
        """Return the account of the main run."""
        return self.accounts[USUAL]

    @property
    def largest(self) -> Account:
        """Return the account with the most tasks."""
        return self.accounts[max(self.accounts)]

    def reopen(self) -> None:
        """Set back the tasks that slices change, so that each change is one."""
        ids = self.usual.target.task_ids
        self.database.run(
            "UPDATE tasks SET status = 'todo', completed_at = NULL "
            f"WHERE id BETWEEN {ids[0]} AND {ids[-1]}"
        )

    def clean(self) -> None:
        """Delete what slices have written, and bring the tables back into order."""
        last = max(account.last_id for account in self.accounts.values())
        tables = ("tasks", "task_tags", "sessions", "users", "login_attempts")
        self.database.run(
            f"DELETE FROM tasks WHERE id > {last}",
            "DELETE FROM guesses",
            "DELETE FROM sessions WHERE id NOT IN "
            "(SELECT min(id) FROM sessions GROUP BY user_id)",
        )
        if self.database.kind == "sqlite":
            self.database.run("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            vacuum = "VACUUM (ANALYZE, INDEX_CLEANUP ON)"
            self.database.run(*(f"{vacuum} {table}" for table in tables))


def prepare(kind: str, *, small: bool) -> Dataset:
    """Return the data, which is made once for each revision of the tables."""
    sizes = SMALL_SIZES if small else SIZES
    mark = _mark(sizes)
    name = f"taskapi_bench{'_small' * small}"
    file = HOME / f"{name}-{kind}.json"
    ready = file.exists() and json.loads(file.read_text()) == mark
    file.unlink(missing_ok=True)
    database = KINDS[kind](name, afresh=not ready)
    database.migrate()
    if not ready:
        _load(database, sizes)
    database.run("DELETE FROM sessions")
    with Server(SPECS["taskapi"], database) as server:
        accounts = {size: _account(server, database, size) for size in sizes}
    dataset = Dataset(database, accounts)
    dataset.clean()
    file.write_text(json.dumps(mark))
    return dataset


def _mark(sizes: tuple[int, ...]) -> list[Any]:
    """Return what the data depends on: its sizes, this module, the migrations."""
    folder = ROOT / "migrations" / "versions"
    sources = [Path(__file__), *sorted(folder.glob("*.py"))]
    text = b"".join(source.read_bytes() for source in sources)
    return [list(sizes), hashlib.sha256(text).hexdigest()]


def _load(database: Database, sizes: tuple[int, ...]) -> None:
    with Server(SPECS["taskapi"], database) as server:
        for login in [*map(_credentials, sizes), *CROWD]:
            status, _ = server.call("POST", "/api/v1/auth/register", login)
            if status != 201:
                raise RuntimeError(f"registration answers {status}")
    for size in sizes:
        begun = time.monotonic()
        name = _credentials(size)["username"]
        owner = database.number(f"SELECT id FROM users WHERE username = '{name}'")
        of = {"owner": owner, "number": size, "every": RARE_EVERY, "rare": RARE}
        database.run(LOAD[database.kind].format(**of))
        say(f"  {database.kind}: {size:,} tasks in {time.monotonic() - begun:.0f} s")
    database.run(
        TAG.format(name="common", every=20), TAG.format(name="rare", every=20_000)
    )


def _account(server: Server, database: Database, size: int) -> Account:
    status, tokens = server.call("POST", LOGIN, _credentials(size))
    if status != 200:
        raise RuntimeError(f"login answers {status}")
    token = tokens["access_token"]
    user_id = server.call("GET", "/api/v1/users/me", token=token)[1]["id"]
    of = f"FROM tasks WHERE owner_id = {user_id}"
    first, last = database.rows(
        f"SELECT min(id), max(id) {of} AND title LIKE 'Task number %'"
    )[0]
    found = database.number(f"SELECT count(*) {of} AND id <= {last}")
    if found != size:
        raise RuntimeError(f"{found} tasks where {size} were made; remove .bench")
    return Account(size, user_id, token, first, last)


def _credentials(size: int) -> dict[str, str]:
    return {"username": f"owner-of-{size}", "password": PASSWORD}
