"""A lesson once opened reads without a network; what is answered there is the server's once it is back."""

import pytest

from accounts.demo import DEMO_PASSWORD
from tests.e2e.test_quiz import LESSON
from tests.services import attune_server

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with attune_server(tmp_path_factory.mktemp("attune")) as server:
        yield server


def signed_in(context, site, email):
    page = context.new_page()
    page.goto(f"{site.url}/accounts/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/home/")
    return page


def test_a_lesson_reads_offline_and_its_answers_arrive_later(open_browser, site):
    context = open_browser().new_context()
    page = signed_in(context, site, "ada@attune.example")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    manifest = page.evaluate("fetch(document.querySelector('link[rel=manifest]').href).then(r => r.json())")
    assert manifest["display"] == "standalone" and {icon["sizes"] for icon in manifest["icons"]} == {
        "192x192",
        "512x512",
    }

    page.goto(f"{site.url}/courses/calm-statistics/")
    if page.locator("form[action$='/enroll/'] button").count():
        page.locator("form[action$='/enroll/'] button").first.click()
        page.wait_for_load_state()
    page.locator(".outline a", has_text=LESSON).first.click()
    page.locator("form[data-quiz]").wait_for()
    page.wait_for_function(
        "caches.open('attune-lessons-1').then(cache => cache.match(location.pathname)).then(Boolean)", timeout=5000
    )

    # The server itself is gone: a request that is sent as a page closes escapes the browser's own emulation.
    context.set_offline(True)
    site.stop_web()
    page.reload()
    page.get_by_text("You are offline.").wait_for(timeout=5000)
    assert LESSON in page.locator("h1").inner_text()
    assert page.locator("[data-support], [data-camera]").count() == 0  # what feelings are about is not kept
    number = page.locator("[data-question]").nth(4).locator("input")
    number.fill("8,3")
    page.get_by_text("Kept on this device").first.wait_for(timeout=5000)
    page.reload()
    page.wait_for_function("document.querySelectorAll('[data-question]')[4].querySelector('input').value === '8,3'")
    page.goto(f"{site.url}/courses/", wait_until="domcontentloaded")
    page.get_by_role("heading", name="You are offline").wait_for()

    assert site.rows("SELECT count(*) FROM courses_quizattempt") == [(0,)]  # it has heard of no answer
    site.bring_web_back()
    context.set_offline(False)
    page.goto(f"{site.url}/home/")  # from any page
    page.get_by_text("What you wrote while offline is saved.").wait_for(timeout=5000)
    assert site.rows("SELECT count(*) FROM courses_quizattempt") == [(1,)]
    page.go_back()
    page.goto(f"{site.url}/courses/calm-statistics/")
    page.locator(".outline a", has_text=LESSON).first.click()
    assert page.locator("[data-question]").nth(4).locator("input").input_value() == "8,3"

    page.locator(".menu summary").click()
    page.locator(".menu form[action$='/logout/'] button").click()
    page.wait_for_url(f"{site.url}/")
    page.wait_for_function("caches.keys().then(names => !names.includes('attune-lessons-1'))", timeout=5000)


ADD_REFLECTION = """lesson => fetch("/api/v1/blocks/", {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value,
  },
  body: JSON.stringify({lesson, kind: "reflection", title: "Think", body: "What surprised you?"}),
}).then(answer => answer.status)"""


def test_a_reflection_written_on_two_devices_stays_on_both_until_one_is_chosen(open_browser, site):
    browser = open_browser()
    [(lesson,)] = site.rows(f"SELECT id FROM courses_lesson WHERE title LIKE '{LESSON}%'")
    author = signed_in(browser.new_context(), site, "instructor@attune.example")
    assert author.evaluate(ADD_REFLECTION, lesson) == 201

    laptop, phone = (signed_in(browser.new_context(), site, "ben@attune.example") for _ in range(2))
    laptop.goto(f"{site.url}/courses/calm-statistics/")
    if laptop.locator("form[action$='/enroll/'] button").count():
        laptop.locator("form[action$='/enroll/'] button").first.click()
        laptop.wait_for_load_state()
    for page in (laptop, phone):
        page.goto(f"{site.url}/lessons/{lesson}/")
    site.stop_web()
    laptop.context.set_offline(True)
    laptop.fill("[data-reflection] textarea", "On the train.")
    laptop.get_by_text("Kept on this device").wait_for(timeout=5000)
    laptop.goto("about:blank")
    site.bring_web_back()
    phone.fill("[data-reflection] textarea", "From the phone.")
    phone.locator("[data-reflection-state]", has_text="Kept ").wait_for(timeout=5000)

    laptop.context.set_offline(False)
    laptop.goto(f"{site.url}/home/")
    laptop.get_by_text("both texts are kept").wait_for(timeout=5000)
    laptop.get_by_role("link", name="Look at both").click()
    laptop.get_by_text("nothing is lost").wait_for(timeout=5000)
    assert laptop.input_value("[data-reflection] textarea") == "On the train."
    assert laptop.locator("[data-elsewhere-text]").inner_text() == "From the phone."
    assert site.rows("SELECT text FROM courses_reflection") == [("From the phone.",)]
    laptop.get_by_role("button", name="Keep it").click()
    laptop.locator("[data-reflection-state]", has_text="Kept ").wait_for(timeout=5000)
    assert site.rows("SELECT text FROM courses_reflection") == [("On the train.",)]
    laptop.reload()
    assert laptop.input_value("[data-reflection] textarea") == "On the train."
    assert not laptop.locator("[data-elsewhere]").is_visible()

    phone.fill("[data-reflection] textarea", "From the phone, later.")
    phone.get_by_text("nothing is lost").wait_for(timeout=5000)
    phone.get_by_role("link", name="Take the other text").click()
    assert phone.input_value("[data-reflection] textarea") == "On the train."
    assert not phone.locator("[data-elsewhere]").is_visible()
    assert site.rows("SELECT text FROM courses_reflection") == [("On the train.",)]
