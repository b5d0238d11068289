"""A question, its answer, and the bell that tells of it without a reload: two people in real browsers."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_main_job import sign_in
from tests.services import attune_server

pytestmark = pytest.mark.e2e

COURSE = "/courses/calm-statistics/"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with attune_server(tmp_path_factory.mktemp("attune")) as server:
        yield server


@pytest.fixture
def person(server, open_browser):
    """person(e-mail) -> their page, signed in, on a phone's screen."""
    browser = open_browser()
    pages, problems = [], []

    def enter(email):
        page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        sign_in(page, server.url, email)
        pages.append(page)
        return page

    yield enter
    assert problems == []


def test_a_reply_rings_the_bell(server, person):
    ada, ines = person("ada@attune.example"), person("instructor@attune.example")
    ada.goto(server.url + COURSE)
    if ada.get_by_role("button", name="Enroll").count():
        ada.get_by_role("button", name="Enroll").click()
    ada.locator("a.outline-item").first.click()
    ada.get_by_role("link", name="Ask about this lesson").click()
    ada.get_by_label("In one line").fill("Why the middle?")
    ada.get_by_role("button", name="Post it").click()
    expect(ada.locator("[data-error-summary]")).to_be_focused()
    expect(ada.get_by_label("In one line")).to_have_value("Why the middle?")
    ada.get_by_label("In your words").fill("Is $n$ even?")
    ada.get_by_role("button", name="Post it").click()
    expect(ada.get_by_role("heading", name="Why the middle?")).to_be_visible()
    expect(ada.locator("[data-bell]")).to_have_attribute("aria-label", "Notifications: none unread")

    ines.goto(f"{server.url}{COURSE}questions/")
    ines.get_by_role("link", name="Why the middle?").click()
    ines.get_by_label("Your reply").fill("Then it is halfway between two.")
    ines.get_by_role("button", name="Post your reply").click()
    expect(ines.get_by_text("Then it is halfway between two.")).to_be_visible()

    expect(ada.locator("[data-bell-number]")).to_have_text("1")
    expect(ada.locator("[data-bell]")).to_have_attribute("aria-label", "Notifications: 1 unread")
    ada.locator("[data-bell]").click()
    ada.get_by_role("link", name="New reply in “Why the middle?”").click()
    ada.get_by_role("button", name="Accept as the answer").click()
    expect(ada.get_by_text("Accepted answer")).to_be_visible()
    expect(ada.locator("[data-bell-number]")).to_be_hidden()
    assert ada.evaluate("document.documentElement.scrollWidth") <= 360
    ines.goto(f"{server.url}{COURSE}questions/")
    expect(ines.get_by_role("heading", name="Every question has an answer")).to_be_visible()
