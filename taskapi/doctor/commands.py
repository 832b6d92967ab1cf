"""The command `flask doctor`."""

import json
import time
from collections.abc import Callable
from threading import Thread

import click
from flask import Flask
from flask.cli import ScriptInfo

from taskapi.console import Command, escape
from taskapi.doctor import database, files, services, settings
from taskapi.doctor.findings import Finding, State, fail
from taskapi.observability import logs

TIMEOUT_SECONDS = 3
COLORS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}
CHECKS: dict[str, Callable[[], list[Finding]]] = {
    "settings": settings.check,
    "database": database.check,
    "replica": services.check_replica,
    "files": files.check,
    "mail": services.check_mail,
    "redis": services.check_redis,
    "forwarded": services.check_proxies,
}


class CheckThread(Thread):
    """A check that may never end, for example while a host name is resolved.

    As a daemon thread it ends with the process.
    """

    def __init__(self, app: Flask, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.app = app
        message = f"no response within {TIMEOUT_SECONDS} seconds"
        remedy = "Check whether it is overloaded or unreachable."
        self.findings = [fail(name, message, remedy)]

    def run(self) -> None:
        """Run the check."""
        with self.app.app_context():
            self.findings = CHECKS[self.name]()


@click.command("doctor", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def doctor(*, as_json: bool) -> None:
    """Check the installation for common problems, and suggest remedies.

    Changes nothing, sends no email and prints no secret. Each check ends after three
    seconds. The exit status is 1 if a check fails; warnings ("warn") may be intended
    and leave it 0.
    """
    app = click.get_current_context().ensure_object(ScriptInfo).load_app()
    with logs.to_stderr():
        findings = _run_checks(app)
    if as_json:
        click.echo(json.dumps([one._asdict() for one in findings], indent=2))
    else:
        _print(findings)
    if _count(findings, State.FAIL):
        raise click.exceptions.Exit(1)


def _run_checks(app: Flask) -> list[Finding]:
    """Run all checks at once; return their findings in order."""
    threads = [CheckThread(app, name) for name in CHECKS]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    return [finding for thread in threads for finding in thread.findings]


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        color = COLORS[finding.state]
        state = click.style(f"{finding.state:4}", fg=color, bold=True)
        click.echo(f"{state}  {finding.check:13}  {escape(finding.message)}")
        if finding.remedy:
            click.echo(f"{'':21}{escape(finding.remedy)}")
    failed, warnings = _count(findings, State.FAIL), _count(findings, State.WARN)
    click.echo(f"{len(findings)} checks: {failed} failed, {warnings} warnings.")


def _count(findings: list[Finding], state: State) -> int:
    return sum(finding.state is state for finding in findings)
