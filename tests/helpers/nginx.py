"""nginx with the shipped configuration; only paths and ports differ."""

import re
import subprocess
from pathlib import Path

from tests.helpers.programs import (
    ROOT,
    Program,
    accepts_connections,
    find_program,
    free_port,
)

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
REQUEST = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
SUBJECT = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
TEMPORARY_FOLDERS = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]


class Nginx:
    """A reverse proxy in front of instances on the given ports."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.folder = folder
        self.http_port, self.port = free_port(), free_port()
        self.certificate = _create_certificate(folder)
        file = folder / "nginx.conf"
        file.write_text(self.configuration(ports))
        command = [find_program("nginx", "nginx-light"), "-c", str(file)]
        subprocess.run([*command, "-t", "-q"], check=True)  # noqa: S603 - nginx
        self.program = Program("nginx", [*command, "-g", "daemon off;"], folder)
        self.program.wait(lambda: accepts_connections(self.port))

    def configuration(self, ports: list[int]) -> str:
        """Return the shipped configuration with other instances and paths."""
        text = CONFIGURATION.read_text()
        server = re.compile(r"( +server )127\.0\.0\.1:\d+( max_fails.*\n)")
        (first, *_) = server.finditer(text)
        lines = "".join(f"{first[1]}127.0.0.1:{port}{first[2]}" for port in ports)
        text = server.sub("", text).replace(
            "    keepalive 32;", f"{lines}    keepalive 32;"
        )
        paths = [f"{n}_temp_path {self.folder / n};" for n in TEMPORARY_FOLDERS]
        changes = {
            "user www-data;\n": "",
            "http {": "\n".join(["http {", *paths]),
            "listen 80": f"listen 127.0.0.1:{self.http_port}",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "/run/nginx.pid": f"{self.folder}/nginx.pid",
            "/var/log/nginx/error.log": f"{self.folder}/error.log",
            "/etc/ssl/taskapi": str(self.folder),
        }
        for shipped, changed in changes.items():
            text = text.replace(shipped, changed)
        return text


def _create_certificate(folder: Path) -> Path:
    """Create a certificate for localhost; return its path."""
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    command = [find_program("openssl", "openssl"), *REQUEST.split(), *SUBJECT]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - openssl
    return certificate
