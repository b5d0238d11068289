"""A newcomer on a phone is shown around, and may look past the one who shows."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_main_job import sign_in
from tests.services import attune_server

pytestmark = pytest.mark.e2e

COURSE = "/courses/calm-statistics/"
# What of the page a finger could touch nowhere, wherever the page is scrolled to.
COVERED = """() => [...document.querySelectorAll("main a, main button")]
  .filter((one) => one.checkVisibility() && !one.closest(".tour"))
  .filter((one) => !["start", "center", "end"].some((block) => {
    one.scrollIntoView({ block, behavior: "instant" });
    const box = one.getClientRects()[0];
    return one.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2));
  }))
  .map((one) => one.textContent.trim())"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with attune_server(tmp_path_factory.mktemp("attune")) as server:
        yield server


def test_nothing_stays_under_the_tour(server, open_browser):
    page = open_browser().new_context(viewport={"width": 360, "height": 740}, reduced_motion="reduce").new_page()
    sign_in(page, server.url, "ada@attune.example")
    page.goto(server.url + COURSE)
    if page.get_by_role("button", name="Enroll").count():
        page.get_by_role("button", name="Enroll").click()
    page.locator("a.outline-item").first.click()

    tour = page.get_by_label("Guided tour")
    expect(tour.get_by_text("see in a minute what is where")).to_be_visible()
    assert page.evaluate(COVERED) == []

    tour.get_by_role("button", name="Show me").click()
    while tour.get_by_role("button", name="Next").is_visible():
        assert page.evaluate(COVERED) == []
        tour.get_by_role("button", name="Next").click()
    tour.get_by_role("button", name="End").click()
    expect(tour).to_be_hidden()
    assert page.evaluate("document.body.style.paddingBlockEnd") == ""
    page.reload()
    expect(page.locator("#main")).to_be_visible()
    expect(tour).to_be_hidden()
