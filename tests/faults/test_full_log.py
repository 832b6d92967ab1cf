"""PostgreSQL with a full disk for its log: it stops, and recovers with free space."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.faults.conftest import StartWorkload
from tests.faults.disks import fill, small_disk
from tests.helpers.postgresql import Postgres
from tests.helpers.programs import SECONDS_TO_STOP, unprivileged_folder
from tests.helpers.writers import UNAVAILABLE

MEBIBYTES = 64  # a log segment has 16


@pytest.fixture
def disk(shared_folder: Path) -> Iterator[Path]:
    """Return a small file system."""
    with small_disk(shared_folder / "log", MEBIBYTES) as made:
        yield made


@pytest.fixture
def postgres(shared_folder: Path, disk: Path) -> Iterator[Postgres]:
    """Return a PostgreSQL server with its log on the small file system."""
    made = Postgres.primary(
        unprivileged_folder(shared_folder / "small"), f"--waldir={disk}/wal"
    )
    yield made
    made.kill()


def fill_log(server: Postgres, disk: Path) -> float:
    """Fill the disk until the server stops; then free space and start it."""
    filler = fill(disk, free=0)
    with suppress(psycopg.OperationalError):
        server.execute("SELECT pg_switch_wal()", "postgres")
    server.program.process.wait(SECONDS_TO_STOP)
    filler.unlink()
    server.start()
    return time.monotonic()


def test_full_log_returns_503_and_loses_nothing(
    start_workload: StartWorkload, postgres: Postgres, disk: Path
) -> None:
    workload = start_workload("postgresql")
    workload.wait_for_writes()

    seen = workload.watch(lambda: fill_log(postgres, disk))

    assert set(seen.failures) == {UNAVAILABLE}
    assert workload.count_lost_and_doubled_writes() == (0, 0)
