"""A newcomer on a phone is shown around, and may look past the one who shows."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_main_job import sign_in
from tests.services import attune_server

pytestmark = pytest.mark.e2e

COURSE = "/courses/calm-statistics/"
# What a finger on the middle of the page's last link or button would touch, the page scrolled to its end.
LAST_IS_FREE = """() => {
  scrollTo(0, document.documentElement.scrollHeight);
  const seen = [...document.querySelectorAll("main a, main button")].filter((it) => it.checkVisibility() && !it.closest(".tour"));
  const last = seen.reduce((one, other) => (other.getBoundingClientRect().bottom > one.getBoundingClientRect().bottom ? other : one));
  const box = last.getBoundingClientRect();
  return last.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2));
}"""


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
    assert page.evaluate(LAST_IS_FREE)

    tour.get_by_role("button", name="Show me").click()
    while tour.get_by_role("button", name="Next").is_visible():
        assert page.evaluate(LAST_IS_FREE)
        tour.get_by_role("button", name="Next").click()
    tour.get_by_role("button", name="End").click()
    expect(tour).to_be_hidden()
    page.reload()
    expect(page.locator("#main")).to_be_visible()
    expect(tour).to_be_hidden()
