"""The documentation page in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator

from tests.helpers.client import API, PASSWORD
from tests.helpers.server import Server
from tests.using.conftest import Visit

pytestmark = pytest.mark.slow

VISITOR = {"username": "visitor", "password": PASSWORD}
DESKTOP = {"width": 1280, "height": 900}
MAX_HEIGHT = 2 * DESKTOP["height"]
PHONE = {"width": 390, "height": 844}
# Swagger UI 5 logs this for every link to an operation with _ in its name.
KNOWN = (
    "Deprecated: escaping deep link whitespace with `_` is unsupported and will be "
    "removed in a future 5.x release. Use `%20` instead."
)


@pytest.fixture(scope="module")
def address(service: Server) -> str:
    """Return the URL of a server with the account of the visitor."""
    response = service.call("POST", f"{API}/auth/register", VISITOR)
    assert response.status == 201, response.body
    return f"http://127.0.0.1:{service.port}"


@pytest.fixture(scope="module")
def logged_in_page(chromium: Browser, address: str) -> Iterator[Visit]:
    """Return a page on which the visitor has logged in."""
    context = chromium.new_context(viewport=DESKTOP)
    visit = Visit(context.new_page(), address).go("/docs")
    visit.photograph("desktop")
    visit.page.click("button.authorize")
    form = visit.page.locator(".auth-container", has_text="OAuth2")
    form.locator("#oauth_username").fill(VISITOR["username"])
    form.locator("#oauth_password").fill(VISITOR["password"])
    form.locator("button.authorize").click()
    visit.page.locator(".modal-ux button", has_text="Logout").wait_for()
    yield visit
    context.close()


@pytest.fixture
def visit(logged_in_page: Visit) -> Iterator[Visit]:
    """Return a new page of the logged-in visitor."""
    with logged_in_page.page.context.new_page() as page:
        yield Visit(page, logged_in_page.address).go("/docs")


def opened(visit: Visit, operation: str) -> Locator:
    """Open an operation of the page."""
    block = visit.page.locator(f'.opblock[id$="-{operation}"]')
    block.locator(".opblock-summary-control").click()
    return block


def executed(block: Locator) -> str:
    """Execute an operation, and return the displayed status."""
    block.locator("button.execute").click()
    status = block.locator(".live-responses-table tbody .response-col_status").first
    return status.inner_text().split()[0]


def test_authorized_visitor_executes_operations(visit: Visit) -> None:
    blocks = [opened(visit, name) for name in ("create_task", "list_tags", "get_me")]

    statuses = [executed(block) for block in blocks]

    visit.photograph("operations")
    assert statuses == ["201", "200", "200"]


def test_visitor_sees_the_problem(visit: Visit) -> None:
    block = opened(visit, "create_task")
    block.locator("textarea.body-param__text").fill('{"title": ""}')

    status = executed(block)

    shown = block.locator(".live-responses-table tbody .response-col_description")
    assert status == "422"
    assert "#/title" in shown.first.inner_text()


def test_problems_of_an_operation_are_linked(visit: Visit) -> None:
    block = opened(visit, "create_task")

    block.get_by_role("link", name="parent-too-deep").click()

    visit.page.get_by_role("heading", name="Example").wait_for()
    assert visit.page.url == f"{visit.address}/problems/parent-too-deep"
    assert "parent-too-deep" in visit.page.inner_text("main")


def test_authorization_survives_reload_without_console_errors(visit: Visit) -> None:
    before = executed(opened(visit, "get_me"))

    visit.page.reload(wait_until="networkidle")
    block = visit.page.locator('.opblock[id$="-get_me"]')
    after = executed(block)

    assert (before, after) == ("200", "200")
    assert set(visit.complaints) == {KNOWN}
    assert visit.hosts == {visit.address.removeprefix("http://")}


def test_root_redirects_visitor_without_console_errors(logged_in_page: Visit) -> None:
    assert logged_in_page.complaints == []
    assert logged_in_page.hosts == {logged_in_page.address.removeprefix("http://")}


@pytest.mark.parametrize("path", ["/docs", "/problems", "/problems/validation-error"])
def test_page_fits_a_phone(chromium: Browser, address: str, path: str) -> None:
    with chromium.new_page(viewport=PHONE) as page:
        visit = Visit(page, address).go(path)
        visit.photograph(f"phone{path.replace('/', '-')}")
        width = page.evaluate("document.documentElement.scrollWidth")

    assert width == PHONE["width"]


def test_open_operation_fits_a_phone(chromium: Browser, address: str) -> None:
    with chromium.new_page(viewport=PHONE) as page:
        visit = Visit(page, address).go("/docs")
        opened(visit, "create_task").locator("button.execute").wait_for()
        visit.photograph("phone-operation")
        width = page.evaluate("document.documentElement.scrollWidth")

    assert width == PHONE["width"]


def test_open_operations_fit_in_two_screens(chromium: Browser, address: str) -> None:
    with chromium.new_page(viewport=DESKTOP) as page:
        Visit(page, address).go("/docs")
        page.locator(".opblock").first.wait_for()
        blocks = page.locator(".opblock").all()
        heights = {block.get_attribute("id"): _open_height(block) for block in blocks}

    tall = {n: height for n, height in heights.items() if height > MAX_HEIGHT}
    assert len(heights) > 30
    assert tall == {}


def _open_height(block: Locator) -> float:
    """Return the height of an operation while it is open."""
    block.locator(".opblock-summary-control").click()
    block.locator(".opblock-body").wait_for()
    box = block.bounding_box()
    block.locator(".opblock-summary-control").click()
    return box["height"] if box else 0


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_page_follows_the_color_scheme_of_the_system(
    chromium: Browser, address: str, scheme: Any, *, is_dark: bool
) -> None:
    with chromium.new_page(viewport=DESKTOP, color_scheme=scheme) as page:
        visit = Visit(page, address).go("/docs")
        page.locator(".opblock").first.wait_for()
        visit.photograph(scheme)
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        dark = page.evaluate("document.documentElement.matches('.dark-mode')")

    assert (color != "rgb(255, 255, 255)", dark) == (is_dark, is_dark)


def test_dialog_opens_at_the_name_and_accepts_no_empty_values(
    chromium: Browser, address: str
) -> None:
    with chromium.new_page(viewport=DESKTOP) as page:
        visit = Visit(page, address).go("/docs")
        page.click("button.authorize")
        page.locator(".modal-ux #oauth_username").wait_for()
        focused = page.evaluate("document.activeElement.id")
        for button in page.locator(".modal-ux button.authorize").all():
            button.click()

    assert focused == "oauth_username"
    assert visit.complaints == []


def test_page_without_javascript_links_the_document(
    chromium: Browser, address: str
) -> None:
    with chromium.new_page(java_script_enabled=False) as page:
        Visit(page, address).go("/docs")
        link = page.get_by_role("link", name="OpenAPI document")
        shown, leads_to = link.is_visible(), link.get_attribute("href")

    assert (shown, leads_to) == (True, "/openapi.json")
