"""The example page of docs/examples/ in a browser, from another origin."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.helpers.client import PASSWORD
from tests.using.conftest import Account, Visit

pytestmark = pytest.mark.slow


@pytest.fixture
def visit(chromium: Browser, pages: str) -> Iterator[Visit]:
    """Return the opened page."""
    with chromium.new_page() as page:
        yield Visit(page, pages).go("/page.html")


def log_in(page: Page, account: Account, password: str = PASSWORD) -> None:
    page.get_by_label("Service").fill(account.address)
    page.get_by_label("Name").fill(account.name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_example_page_creates_and_completes_tasks(
    visit: Visit, account: Account
) -> None:
    page = visit.page
    log_in(page, account)

    page.get_by_label("New task").fill("Sow")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Done").click()

    page.get_by_text("Sow").wait_for(state="detached")
    assert page.locator("#problem").inner_text() == ""
    assert visit.complaints == []


def test_example_page_shows_the_problem(visit: Visit, account: Account) -> None:
    log_in(visit.page, account, "not the password")

    problem = visit.page.locator("#problem:not(:empty)").inner_text()

    assert "password" in problem
