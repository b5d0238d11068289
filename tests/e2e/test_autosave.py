"""What was typed last is there afterwards, however the page was left."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_authoring import PIECE, add, is_post
from tests.e2e.test_main_job import sign_in

pytestmark = pytest.mark.e2e

SAVES = "**/blocks/*/save/"
STATE = f"{PIECE.format(0)} >> [data-autosave-state]"


@pytest.fixture
def author(attune, open_browser):
    """On a new lesson with one part."""
    page = open_browser().new_context().new_page()
    sign_in(page, attune.url, "instructor@attune.example")
    page.click("text=New course")
    page.fill("[name=title]", "Left in a hurry")
    page.fill("[name=summary]", "Last words.")
    page.click("text=Begin writing")
    page.click("text=First lesson")
    add(page, "text")
    page.locator(".marks").first.wait_for()  # the script is there
    return page


def test_words_typed_while_a_save_is_under_way_are_kept_when_the_page_goes(author, attune):
    lesson, held = author.url.split("#")[0], []
    author.route(SAVES, lambda route: route.continue_() if held else held.append(route))
    with author.expect_request(SAVES):
        author.fill("[name=body]", "Half of a")
    author.fill("[name=body]", "Half of a sentence, and the rest of it.")
    author.goto(f"{attune.url}/home/")
    author.unroute_all(behavior="ignoreErrors")
    author.goto(lesson)
    expect(author.locator("[name=body]")).to_have_value("Half of a sentence, and the rest of it.")

    # Both arrive: one after the other, as in a page that was hidden and comes back.
    held = []
    author.route(SAVES, lambda route: route.continue_() if held else held.append(route))
    with author.expect_request(SAVES):
        author.fill("[name=body]", "One")
    author.fill("[name=body]", "One, two")
    with author.expect_response(is_post):
        author.evaluate("window.dispatchEvent(new Event('pagehide'))")
    held[0].continue_()
    author.fill("[name=body]", "One, two, three")
    author.unroute_all(behavior="ignoreErrors")
    expect(author.locator(STATE)).to_contain_text("Saved")
    expect(author.locator(".overtaken")).to_have_count(0)
    author.wait_for_timeout(1500)
    author.reload()
    expect(author.locator("[name=body]")).to_have_value("One, two, three")


def test_words_typed_before_the_script_was_there_are_kept_too(author, attune):
    lesson, held = author.url.split("#")[0], []
    page = author.context.browser.new_context(service_workers="block").new_page()
    sign_in(page, attune.url, "instructor@attune.example")
    page.route("**/js/studio*.js", lambda route: held.append(route))
    page.goto(lesson, wait_until="commit")
    page.fill("[name=body]", "An early word.")
    held[0].continue_()
    expect(page.locator(STATE)).to_contain_text("Saved")
    page.unroute_all(behavior="ignoreErrors")
    page.goto(lesson)
    expect(page.locator("[name=body]")).to_have_value("An early word.")


def test_more_words_than_a_closing_page_can_send_are_asked_about(author, attune):
    asked = []
    author.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    held = []
    author.route(SAVES, lambda route: held.append(route))
    author.click("[name=body]")
    author.keyboard.insert_text("Short. ")
    author.goto(f"{attune.url}/home/")
    assert asked == [], "what can be sent is sent without a word"
    author.go_back()
    author.click("[name=body]")
    author.keyboard.insert_text("كلمة " * 3000)
    author.goto(f"{attune.url}/home/")
    assert asked == ["beforeunload"]
