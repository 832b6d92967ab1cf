"""The email queue: each email is sent at least once, by one process at a time."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask

from taskapi import maintenance
from taskapi.maintenance import Schedule
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.clock import days, later
from tests.helpers.concurrency import run_concurrently
from tests.helpers.forked import FLASK, ForkedProcess
from tests.helpers.rows import count
from tests.helpers.server import environment
from tests.helpers.smtp import Mailbox, emails, send, token_in
from tests.helpers.sql import execute

SECONDS_TO_START = 30
MINUTE = 60
RESET = "auth/password-reset"
INSERT_ATTEMPTS = """
    INSERT INTO login_attempts (subject, number, expires_at, created_at, updated_at)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
    SELECT 'n' || i, 1, '2020-01-01', '2020-01-01', '2020-01-01' FROM n
"""
BUSY = "451 try again later"


def request_reset(client: Client) -> None:
    response = client.post(f"{RESET}/request", {"email": "ann@example.org"})
    assert response.status_code == 202


def attempts_after(minutes: int, app: Flask, mailbox: Mailbox) -> int:
    """Send due emails at a later time; return how many attempts the server received."""
    with later(minutes * MINUTE):
        send(app)
    return mailbox.attempts


@pytest.fixture
def stuck(ann: Client, mailbox: Mailbox) -> Iterator[ForkedProcess]:
    """Return a process that waits for the SMTP server while it sends Ann's email."""
    settings = ann.app.extensions["settings"]
    names = ["environment", "database_url", "secret_key", "smtp_url", "mail_from"]
    variables = environment(**{n.upper(): getattr(settings, n) for n in names})
    request_reset(ann)
    mailbox.is_stuck = True
    mailbox.received.clear()
    process = ForkedProcess([FLASK, "mail", "send"], variables, {})
    try:
        assert mailbox.received.wait(SECONDS_TO_START)
        mailbox.is_stuck = False
        yield process
    finally:
        process.kill()
        process.wait()


def test_email_survives_a_crash_of_its_sender(
    ann: Client, mailbox: Mailbox, stuck: ForkedProcess
) -> None:
    stuck.kill()
    stuck.wait()

    immediately = emails(ann, mailbox)
    with later(3 * MINUTE):
        (email,) = emails(ann, mailbox)
        body = {"token": token_in(email), "new_password": "an evening at the sea"}
        response = Client(ann.app).post(f"{RESET}/complete", body)

    assert immediately == []
    assert response.status_code == 204
    assert count(ann.app, "emails") == 0


@pytest.mark.one_database
def test_requests_do_not_wait_for_an_unresponsive_mail_server(
    ann: Client, mailbox: Mailbox, stuck: ForkedProcess
) -> None:
    task = ann.create_task()

    assert stuck.poll() is None
    assert ann.get(f"tasks/{task['id']}").json == task


def test_concurrent_senders_send_each_email_once(
    app: Flask, ann: Client, mailbox: Mailbox
) -> None:
    clients = [Client(app, f"p{number}").register() for number in range(12)]

    sent = run_concurrently(*[partial(send, app)] * 6)

    names = sorted(email["To"] for email in mailbox.take())
    assert names == sorted(f"{one.name}@example.org" for one in clients)
    assert sum(sent) == 12


def test_rejected_email_is_retried_with_growing_delays(
    ann: Client, mailbox: Mailbox
) -> None:
    mailbox.response = BUSY
    request_reset(ann)
    before = mailbox.attempts

    attempts = [attempts_after(m, ann.app, mailbox) for m in (0, 1, 3, 6, 8)]

    assert [number - before for number in attempts] == [1, 1, 2, 2, 3]
    assert count(ann.app, "emails") == 1


def test_rejected_email_does_not_stop_others(
    app: Flask, ann: Client, mailbox: Mailbox
) -> None:
    mailbox.response = BUSY
    request_reset(ann)
    send(app)
    mailbox.response = "250 OK"

    bob = Client(app, "bob").register()

    assert [email["To"] for email in emails(bob, mailbox)] == ["bob@example.org"]
    assert count(app, "emails") == 1


def test_email_is_discarded_after_a_day(
    app: Flask, ann: Client, mailbox: Mailbox
) -> None:
    mailbox.response = BUSY
    request_reset(ann)
    send(app)
    mailbox.response = "250 OK"

    with later(days(1) + MINUTE):
        sent = send(app)
        output = run(app, "purge")

    assert (sent, count(app, "emails")) == (0, 0)
    assert "1 outgoing emails" in output


def test_account_is_looked_up_when_the_email_is_sent(
    ann: Client, mailbox: Mailbox
) -> None:
    request_reset(ann)
    ann.delete("users/me", {"password": PASSWORD})

    received = emails(ann, mailbox)

    assert received == []
    assert count(ann.app, "emails") == 0


@pytest.mark.one_database
def test_command_prints_the_number_of_emails(app: Flask, ann: Client) -> None:
    request_reset(ann)

    output = run(app, "mail", "send"), run(app, "mail", "send")

    assert output == ("Sent 1 emails.\n", "Sent 0 emails.\n")


@pytest.mark.one_database
def test_command_reports_that_mail_is_off(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    request_reset(ann)

    result = app_with().test_cli_runner().invoke(args=["mail", "send"])

    assert result.exit_code == 1
    assert "Error: Mail is disabled. Set SMTP_URL" in result.stderr
    assert count(ann.app, "emails") == 1


def test_purge_deletes_expired_tokens(ann: Client, mailbox: Mailbox) -> None:
    before = count(ann.app, "tokens")

    with later(days(1) + MINUTE):
        output = run(ann.app, "purge")

    assert (before, count(ann.app, "tokens")) == (1, 0)
    assert "1 email tokens" in output


def test_purge_keeps_valid_tokens(ann: Client, mailbox: Mailbox) -> None:
    request_reset(ann)

    run(ann.app, "purge")

    assert (count(ann.app, "tokens"), count(ann.app, "emails")) == (1, 1)
    assert ann.get("users/me").status_code == 200


def test_purge_uses_several_transactions(
    app: Flask, ann: Client, statements: list[str]
) -> None:
    execute(app, INSERT_ATTEMPTS)
    statements.clear()

    output = run(app, "purge")

    deletions = [s for s in statements if "DELETE FROM login_attempts" in s]
    assert "2500 login attempts" in output
    assert len(deletions) == 3  # batches of 1,000 rows


def test_worker_purges_everything_when_it_is_due(app: Flask, ann: Client) -> None:
    never = float("inf")

    with later(days(8)):
        waits = maintenance.run_due(app, Schedule(never, never)), count(app, "sessions")
        purged = maintenance.run_due(app, Schedule(never, 0)), count(app, "sessions")

    assert waits == (Schedule(never, never), 1)
    assert 0 < purged[0].frequent < purged[0].everything < never
    assert purged[1] == 0


def test_failed_purge_does_not_stop_others(
    app: Flask, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> int:
        raise RuntimeError

    monkeypatch.setitem(maintenance.PURGES, "deleted accounts", fail)

    with later(days(8)):
        maintenance.run_due(app, Schedule(float("inf"), 0))

    assert count(app, "sessions") == 0


def test_worker_purges_login_attempts_every_15_minutes(app: Flask, ann: Client) -> None:
    never = float("inf")
    execute(app, INSERT_ATTEMPTS)

    with later(days(8)):
        times = maintenance.run_due(app, Schedule(0, never))

    assert 0 < times.frequent < never == times.everything
    assert (count(app, "counts"), count(app, "sessions")) == (0, 1)


def test_worker_continues_while_the_database_is_unreachable(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    app = make_app(
        database_url=f"sqlite:////nowhere/{os.getpid()}.db",
        smtp_url="smtp://127.0.0.1:1",
        mail_from="tasks@example.org",
    )

    times = maintenance.run_due(app, Schedule(0, 0))

    assert times.everything > 0
    assert_problem(
        Client(app).post(f"{RESET}/request", {"email": "ann@example.org"}),
        503,
        "service-unavailable",
    )
