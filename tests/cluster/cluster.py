"""The whole cluster: every part, and what an operator does to it."""

from contextlib import ExitStack
from pathlib import Path

from tests.helpers.instances import Instance, command
from tests.helpers.nginx import Nginx
from tests.helpers.pgbouncer import PgBouncer, Redis
from tests.helpers.postgresql import PHRASE, Postgres
from tests.helpers.programs import Program
from tests.helpers.writers import ACCOUNT, Caller, Crowd

CLIENTS = 8
ADMIN = [f"--{name}={value}" for name, value in ACCOUNT.items()]


class Cluster:
    """Two databases, a pool, a Redis, two instances, nginx, and clients."""

    def __init__(self, folder: Path, *, direct: bool) -> None:
        self.folder, self.direct = folder, direct
        self.running = ExitStack()
        try:
            self._start()
        except BaseException:
            self.running.close()
            raise

    def _start(self) -> None:
        self.primary = Postgres.primary(self.folder)
        self._keep(self.primary.program)
        self.holder = self.primary
        address = self.primary.address()
        command(self.folder, address, "db", "upgrade")
        command(self.folder, address, "users", "create", "--admin", *ADMIN)
        self.replica = self.primary.follow("replica")
        self._keep(self.replica.program)
        self.primary.confirm(by_replica=True)
        self.redis = Redis(self.folder)
        self._keep(self.redis.program)
        self.pgbouncer = PgBouncer(self.folder, self.primary)
        self._keep(self.pgbouncer.program)
        self.instances = [self._instance(name) for name in ("first", "second")]
        self.nginx = Nginx(self.folder, [one.port for one in self.instances])
        self._keep(self.nginx.program)
        self.crowd = Crowd(self._caller, CLIENTS, as_admin=True)
        self.running.callback(self.crowd.stop)

    def _instance(self, name: str) -> Instance:
        both = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.replica.port}"
        servers = f"postgresql://taskapi:{PHRASE}@{both}/taskapi"
        address = servers if self.direct else self.pgbouncer.address()
        made = Instance(
            self.folder,
            name,
            DATABASE_URL=address,
            DATABASE_REPLICA_URL=self.replica.address(),
            DATABASE_PREPARE=str(self.direct).lower(),
            RATELIMIT_STORAGE_URI=f"redis://127.0.0.1:{self.redis.port}/0",
        )
        self._keep(made.program)
        return made

    def _caller(self) -> Caller:
        return Caller(self.nginx.port, str(self.nginx.certificate))

    def _keep(self, program: Program) -> None:
        self.running.callback(program.kill)

    def fail_over(self) -> None:
        """Make the replica the primary, and let the pool lead to it."""
        self.replica.promote()
        self.holder = self.replica
        self.replica.confirm(by_replica=False)
        self.pgbouncer.point_to(self.replica)
