"""nginx as it is shipped; only paths and ports differ."""

import re
import signal
import subprocess
from pathlib import Path

from tests.helpers.programs import ROOT, Program, find, free_port, listens

SHIPPED = ROOT / "deploy" / "nginx.conf"
CERTIFICATE = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
SUBJECT = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
SCRATCH = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]


class Nginx:
    """The shipped configuration, in front of instances on these ports."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.folder, self.ports = folder, ports
        self.plain_port, self.port = free_port(), free_port()
        self.certificate = _certify(folder)
        self.file = folder / "nginx.conf"
        self.file.write_text(self.configuration(ports))
        self.words = [find("nginx", "nginx-light"), "-c", str(self.file)]
        subprocess.run([*self.words, "-t", "-q"], check=True)  # noqa: S603 - a program that is named here
        self.program = Program("nginx", [*self.words, "-g", "daemon off;"], folder)
        self.program.wait(lambda: listens(self.port))

    def serve(self, *ports: int) -> None:
        """Leave the other instances out, as before a restart, without a gap."""
        self.file.write_text(self.configuration(list(ports)))
        self.program.tell(signal.SIGHUP)

    def configuration(self, ports: list[int]) -> str:
        """Return what is shipped with these instances, and with paths of our own."""
        text = SHIPPED.read_text()
        server = re.compile(r"( +server )127\.0\.0\.1:\d+( max_fails.*\n)")
        (first, *_) = server.finditer(text)
        lines = "".join(f"{first[1]}127.0.0.1:{port}{first[2]}" for port in ports)
        text = server.sub("", text).replace(
            "    keepalive 32;", f"{lines}    keepalive 32;"
        )
        paths = [f"{name}_temp_path {self.folder / name};" for name in SCRATCH]
        changes = {
            "user www-data;\n": "",
            "http {": "\n".join(["http {", *paths]),
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "/run/nginx.pid": f"{self.folder}/nginx.pid",
            "/var/log/nginx/error.log": f"{self.folder}/error.log",
            "/etc/ssl/taskapi": str(self.folder),
            "limit_conn addresses 100;": "limit_conn addresses 2000;",
        }
        for shipped, ours in changes.items():
            text = text.replace(shipped, ours)
        return text


def _certify(folder: Path) -> Path:
    """Make a certificate for localhost; return its path."""
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    words = [find("openssl", "openssl"), *CERTIFICATE.split(), *SUBJECT]
    out = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*words, *out], check=True, capture_output=True)  # noqa: S603 - a program that is named here
    return certificate
