"""URLs in the settings: checked, and written as libraries read them.

Errors never quote a URL, since it may hold a password.
"""

from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

POSTGRESQL = ("postgres://", "postgresql://", "postgresql+psycopg://")


class SettingError(ValueError):
    """A setting that the process must not start with; the message names it."""


def database(url: str) -> str:
    """Mean psycopg 3 by both names of PostgreSQL; make SQLite paths absolute."""
    if url.startswith(POSTGRESQL):
        return _postgresql("DATABASE_URL", url, "read-write")
    scheme, _, rest = url.partition("://")
    path, _, options = rest.removeprefix("/").partition("?")
    if scheme != "sqlite" or not rest.startswith("/") or path in {"", ":memory:"}:
        raise SettingError(
            "DATABASE_URL: expected postgresql://user:password@host/name "
            "or sqlite:////path/to/file.db"
        )
    return f"sqlite:///{Path(path).resolve()}" + (f"?{options}" if options else "")


def replica(values: dict[str, Any]) -> str:
    """Return the URL of the replica, which needs a PostgreSQL that it follows."""
    url, primary = values["database_replica_url"], values["database_url"]
    if url and not (url.startswith(POSTGRESQL) and primary.startswith(POSTGRESQL)):
        raise SettingError(
            "DATABASE_REPLICA_URL: expected postgresql://user:password@host/name "
            "of a server that follows the PostgreSQL of DATABASE_URL"
        )
    return url and _postgresql("DATABASE_REPLICA_URL", url, "standby")


def _postgresql(name: str, url: str, wanted: str) -> str:
    """Write several hosts the way SQLAlchemy reads them; look for the wanted kind.

    libpq takes `user:password@one:5432,two:5432/name`, SQLAlchemy lists as options.
    """
    _, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    account, at, hosts = authority.rpartition("@")
    for host in hosts.split(","):
        check_port(name, host)
    if "," not in hosts:
        return f"postgresql+psycopg://{rest}"
    servers = [urlsplit(f"//{host}") for host in hosts.split(",")]
    names = ",".join(server.hostname or "" for server in servers)
    ports = ",".join(str(server.port or "") for server in servers)
    database, _, options = path.partition("?")
    options = "&".join([f"host={names}", f"port={ports}", *filter(None, [options])])
    if "target_session_attrs=" not in options:
        options += f"&target_session_attrs={wanted}"
    return f"postgresql+psycopg://{account}{at}/{database}?{options}"


def split(name: str, url: str) -> SplitResult:
    """Return the parts of a URL; raises SettingError if it has none."""
    try:
        parts = urlsplit(url)
        str(parts.port)  # reading it checks it
    except ValueError as error:
        raise SettingError(f"{name}: the host or port cannot be read") from error
    return parts


def check_port(name: str, address: str) -> None:
    """Raise SettingError unless the port of host:port is a number."""
    split(name, f"//{address}")


def check_origins(origins: tuple[str, ...]) -> None:
    """Raise SettingError unless each origin is exact."""
    for origin in origins:
        parts = split("CORS_ORIGINS", origin)
        exact = f"{parts.scheme}://{parts.netloc}"
        named = parts.scheme in {"http", "https"} and parts.netloc
        if not named or "*" in origin or origin != exact:
            raise SettingError(
                "CORS_ORIGINS: expected exact origins such as https://app.example.org"
            )


def check_store(uri: str) -> None:
    """Raise SettingError unless this is the address of a Redis, or empty."""
    if uri and not uri.startswith(("redis://", "rediss://", "redis+unix://")):
        raise SettingError("RATELIMIT_STORAGE_URI: expected redis://:password@host/0")
    check_port("RATELIMIT_STORAGE_URI", uri.partition("://")[2])


def authority(host: str, port: int) -> str:
    """Return host and port as they are written in URLs (RFC 3986, section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def public(name: str, url: str) -> str:
    """Return a URL of web pages without a slash at its end."""
    parts = split(name, url)
    plain = url.isascii() and url.isprintable() and "#" not in url
    if url and not (parts.scheme in {"http", "https"} and parts.netloc and plain):
        raise SettingError(f"{name}: expected an address such as https://host")
    return url.rstrip("/")
