"""A cluster on one machine: PostgreSQL, replica, PgBouncer, Redis, nginx, writers."""

from contextlib import ExitStack
from pathlib import Path

from tests.helpers.instances import Instance, run_command
from tests.helpers.nginx import Nginx
from tests.helpers.pgbouncer import PgBouncer
from tests.helpers.postgresql import Postgres
from tests.helpers.programs import (
    Program,
    accepts_connections,
    find_program,
    free_port,
    unprivileged_folder,
)
from tests.helpers.writers import ApiConnection, Writers

CLIENTS = 8


class Cluster:
    """All parts, started by the constructor and stopped by `stop`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running = ExitStack()
        try:
            self._start_databases()
            self._start_services()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all parts, in reverse order."""
        self.running.close()

    def _start_databases(self) -> None:
        self.primary = Postgres.primary(self.folder)
        self._kill_at_end(self.primary.program)
        run_command(self.folder, self.primary.url(), "db", "upgrade")
        self.replica = self.primary.create_replica("replica")
        self._kill_at_end(self.replica.program)
        self.primary.set_synchronous(enabled=True)
        self.writable = self.primary

    def _start_services(self) -> None:
        self.redis_port = free_port()
        self.redis = self._start_redis()
        self.pgbouncer = PgBouncer(self.folder, self.primary)
        self._kill_at_end(self.pgbouncer.program)
        self.instances = [self._start_instance(name) for name in ("first", "second")]
        nginx = Nginx(self.folder, [instance.port for instance in self.instances])
        self._kill_at_end(nginx.program)
        self.writers = Writers(
            lambda: ApiConnection(nginx.port, str(nginx.certificate)), CLIENTS
        )
        self.running.callback(self.writers.stop)

    def _start_redis(self) -> Program:
        command = [find_program("redis-server", "redis-server"), "--save", ""]
        command += ["--bind", "127.0.0.1", "--port", str(self.redis_port)]
        command += ["--dir", str(unprivileged_folder(self.folder / "redis"))]
        redis = Program("redis", command, self.folder, unprivileged=True)
        self._kill_at_end(redis)
        redis.wait(lambda: accepts_connections(self.redis_port))
        return redis

    def _start_instance(self, name: str) -> Instance:
        instance = Instance(
            self.folder,
            name,
            DATABASE_URL=self.pgbouncer.url(),
            DATABASE_REPLICA_URL=self.replica.url(),
            DATABASE_PREPARE="false",
            RATELIMIT_STORAGE_URI=f"redis://127.0.0.1:{self.redis_port}/0",
        )
        self._kill_at_end(instance.program)
        return instance

    def _kill_at_end(self, program: Program) -> None:
        self.running.callback(program.kill)

    def fail_over(self) -> None:
        """Promote the replica, and let PgBouncer use it."""
        self.replica.promote()
        self.writable = self.replica
        self.replica.set_synchronous(enabled=False)
        self.pgbouncer.use_server(self.replica)
