"""The command `flask doctor`."""

import json
import time
from collections.abc import Callable
from threading import Thread

import click
from flask import Flask
from flask.cli import ScriptInfo

from taskapi.console import Command, visible
from taskapi.doctor import database, files, services, settings
from taskapi.doctor.findings import Finding, State, fail
from taskapi.observability import logs

TIMEOUT_SECONDS = 3
COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}
EXAMINATIONS: dict[str, Callable[[], list[Finding]]] = {
    "settings": settings.examine,
    "database": database.examine,
    "replica": services.examine_replica,
    "files": files.examine,
    "mail": services.examine_mail,
    "redis": services.examine_store,
    "forwarded": services.examine_proxies,
}


class Examination(Thread):
    """One look at something that may never answer; it ends with the process."""

    def __init__(self, app: Flask, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.app = app
        told = f"no answer within {TIMEOUT_SECONDS} seconds"
        self.findings = [fail(name, told, "See whether it is frozen, or cut off.")]

    def run(self) -> None:
        """Look."""
        with self.app.app_context():
            self.findings = EXAMINATIONS[self.name]()


@click.command("doctor", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def doctor(*, as_json: bool) -> None:
    """Look for what goes wrong in practice, and say what to do about it.

    Nothing is changed and no mail is sent, no secret is shown, and what does not answer
    is given up after three seconds. It ends with status 1 when something is broken
    ("fail"); what may be meant ("warn") leaves it 0.
    """
    app = click.get_current_context().ensure_object(ScriptInfo).load_app()
    with logs.aside():
        findings = _examine(app)
    if as_json:
        click.echo(json.dumps([one._asdict() for one in findings], indent=2))
    else:
        _show(findings)
    if _number(findings, State.FAIL):
        raise click.exceptions.Exit(1)


def _examine(app: Flask) -> list[Finding]:
    """Look at everything at once; return what was found, in order."""
    examinations = [Examination(app, name) for name in EXAMINATIONS]
    for one in examinations:
        one.start()
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for one in examinations:
        one.join(max(0, deadline - time.monotonic()))
    return [finding for one in examinations for finding in one.findings]


def _show(findings: list[Finding]) -> None:
    for one in findings:
        state = click.style(f"{one.state:4}", fg=COLOURS[one.state], bold=True)
        click.echo(f"{state}  {one.check:13}  {visible(one.message)}")
        if one.remedy:
            click.echo(f"{'':21}{visible(one.remedy)}")
    bad, odd = _number(findings, State.FAIL), _number(findings, State.WARN)
    click.echo(f"{len(findings)} checks: {bad} failed, {odd} to look at.")


def _number(findings: list[Finding], state: State) -> int:
    return sum(one.state is state for one in findings)
