"""Being asked, and being offered help, as a student lives it: a real browser against a real server."""

import datetime
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.e2e.test_main_job import CAMERA, sign_in
from tests.services import attune_server

pytestmark = pytest.mark.e2e

ADA = "ada@attune.example"
QUIZ_LESSON = "The test is positive"
# What somebody does who is puzzled: (what, how many seconds ago).
DEEDS = (
    *(("quiz_wrong", 130), ("quiz_wrong", 130), ("rewind", 125), ("rewind", 120), ("reread", 90)),
    *(("rewind", 60), ("reread", 50), ("quiz_wrong", 40)),
)


def time_ago(**past: float) -> str:
    """A moment as SQLite keeps it."""
    return (datetime.datetime.now(datetime.UTC) - datetime.timedelta(**past)).strftime("%Y-%m-%d %H:%M:%S.%f")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with attune_server(tmp_path_factory.mktemp("attune")) as server:
        yield server


@pytest.fixture
def change(server):
    """Writes to the server's database from outside."""

    def change(sql: str, *values) -> None:
        with closing(sqlite3.connect(server.data_dir / "attune.sqlite3", timeout=20)) as database, database:
            database.execute(sql, values)

    for table in ("supportevent", "selfreport", "supportpreference", "behaviourevent"):
        change(f"DELETE FROM emotion_{table}")
    return change


@pytest.fixture
def page(server, open_browser, face_clip, change):
    browser = open_browser(*CAMERA, f"--use-file-for-fake-video-capture={face_clip}")
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    sign_in(page, server.url, ADA)
    yield page
    assert page.problems == []


def open_lesson(page, server, title: str = "What is typical") -> int:
    """Enrolled where need be. Returns the lesson's id."""
    page.goto(f"{server.url}/courses/calm-statistics/")
    if page.locator("button:has-text('Enroll')").count():
        page.click("button:has-text('Enroll')")
    page.click(f"main .outline a:has-text('{title}')")
    page.wait_for_selector("[data-support]")
    return int(page.locator("#lesson").get_attribute("data-lesson-id"))


def end_of(page, block: int) -> None:
    """Scroll so that the end of the block, counted from 0, stands in the middle of the window."""
    page.evaluate(
        "(n) => { const box = document.querySelectorAll('[data-block-id]')[n].getBoundingClientRect();"
        "scrollBy(0, box.bottom - innerHeight * 0.6); }",
        block,
    )


def test_a_tap_says_how_it_goes_and_where(server, page):
    lesson = open_lesson(page, server)
    words = page.locator("[data-support-words]")
    expect(words).to_be_hidden()
    end_of(page, 1)
    page.wait_for_timeout(1500)
    page.click("[data-support-ask]")
    page.click("[data-state=confused]")
    expect(page.locator("[data-support-question]")).to_be_visible()
    blocks = [
        int(each) for each in page.eval_on_selector_all("[data-block-id]", "all => all.map(b => b.dataset.blockId)")
    ]
    [(state, in_lesson, block, seconds)] = server.rows(
        "SELECT state, lesson_id, block_number, place_seconds FROM emotion_selfreport"
    )
    assert (state, in_lesson, block) == ("confused", lesson, blocks[1])
    assert 0.5 < seconds < 30

    # The reason is told; who wants a hint gets one, and a way back to the place it is about.
    page.click("[data-support-why]")
    expect(page.locator("[data-support-reason]")).to_have_text("You said so yourself a moment ago.")
    page.click("[data-reply=accepted]")
    expect(page.locator("[data-support-offer]")).to_contain_text("Name in one sentence")
    page.evaluate("scrollTo(0, 0)")
    page.click("[data-support-place] a")
    expect(page.locator("[data-block-id]").nth(1)).to_be_in_viewport()
    page.click("[data-support-kind]")
    expect(page.locator("[data-support-offer]")).to_contain_text("Hard parts are where learning happens")


def test_at_the_end_of_a_block_one_is_asked_once_and_nothing_takes_the_focus(server, page):
    open_lesson(page, server)
    words = page.locator("[data-support-words]")
    page.focus(".lesson-next button")
    end_of(page, 0)
    page.wait_for_timeout(4000)
    expect(words).to_be_hidden()  # hardly read yet
    expect(words).to_be_visible(timeout=10_000)
    assert page.evaluate("document.activeElement.closest('.lesson-next') !== null")
    assert page.locator("dialog, [aria-modal=true]").count() == 0
    page.click("[data-support-ask]")
    expect(words).to_be_hidden()
    page.wait_for_timeout(3000)
    expect(words).to_be_hidden()
    page.reload()
    end_of(page, 0)
    page.wait_for_timeout(11_000)
    expect(words).to_be_hidden()  # not again within fifteen minutes
    page.evaluate("localStorage.setItem('attune:asked', String(Date.now() - 16 * 60000))")
    expect(words).to_be_visible(timeout=5000)


def test_nothing_is_asked_in_a_quiz_or_right_before_it(server, page):
    open_lesson(page, server, QUIZ_LESSON)
    words = page.locator("[data-support-words]")
    kinds = page.eval_on_selector_all("[data-block-id]", "all => all.map((block) => block.dataset.blockKind)")
    assert kinds[-1] == "quiz"
    for block in (len(kinds) - 1, len(kinds) - 2):
        end_of(page, block)
        page.wait_for_timeout(11_000)
        expect(words).to_be_hidden()

    # Nor is anything offered there, whatever is said.
    page.locator("[data-block-kind=quiz]").scroll_into_view_if_needed()
    end_of(page, len(kinds) - 1)
    page.click("[data-support-ask]")
    page.click("[data-state=frustrated]")
    expect(page.locator("[data-support-note]")).to_have_text("Thank you.")
    expect(page.locator("[data-support-card]")).to_be_hidden()
    assert server.rows("SELECT COUNT(*) FROM emotion_supportevent") == [(0,)]


def test_what_is_done_leads_to_an_offer_that_can_be_refused(server, page, change):
    lesson = open_lesson(page, server)
    page.click("text=What the camera is for")
    for choice in ("#camera", "#history", "#age-older"):
        page.check(choice)
    page.click("text=Yes, as ticked")
    page.click("[data-camera-start]")
    expect(page.locator("[data-camera-words]")).to_have_text("Looks happy", timeout=20_000)
    for kind, ago in DEEDS:
        change(
            "INSERT INTO emotion_behaviourevent (kind, at, block_number, edition, place_seconds, lesson_id, user_id) "
            "SELECT ?, ?, 0, 1, 0, ?, id FROM accounts_user WHERE email = ?",
            *(kind, time_ago(seconds=ago), lesson, ADA),
        )
    expect(page.locator("[data-support-question]")).to_have_text(
        "Looks tricky here. Would something help?", timeout=25_000
    )
    page.click("[data-support-why]")
    expect(page.locator("[data-support-reason]")).to_contain_text("a part was played again")
    expect(page.locator("[data-support-reason]")).to_contain_text("It may be wrong.")
    page.click("[data-reply=fine]")
    expect(page.locator("[data-support-card]")).to_be_hidden()
    page.click("[data-camera-stop]")

    # The pause after it is twice as long: still on after eleven minutes, over after twenty-one.
    def say_after(minutes: int) -> None:
        change("DELETE FROM emotion_selfreport")
        change("UPDATE emotion_supportevent SET at = ?", time_ago(minutes=minutes))
        page.reload()
        page.click("[data-support-ask]")
        page.click("[data-state=frustrated]")
        expect(page.locator("[data-support-note]")).to_have_text("Thank you.")

    say_after(11)
    expect(page.locator("[data-support-card]")).to_be_hidden()
    say_after(21)
    expect(page.locator("[data-support-card]")).to_be_visible()


def test_dont_ask_again_holds_after_a_reload(server, page, change):
    open_lesson(page, server)
    page.click("[data-support-ask]")
    page.click("[data-state=confused]")
    page.click("[data-reply=dont_ask]")
    expect(page.locator("[data-support-card]")).to_be_hidden()
    change("DELETE FROM emotion_supportevent")  # so that no pause is what keeps it quiet
    page.reload()
    page.click("[data-support-ask]")
    page.click("[data-state=confused]")
    expect(page.locator("[data-support-note]")).to_have_text("Thank you.")
    expect(page.locator("[data-support-card]")).to_be_hidden()
    page.click("[data-state=frustrated]")  # another state was not meant
    expect(page.locator("[data-support-card]")).to_be_visible()


def test_on_a_phone_a_corner_leads_to_it_and_covers_nothing_until_then(server, page):
    page.set_viewport_size({"width": 360, "height": 740})
    open_lesson(page, server)
    corner = page.locator("[data-support-corner]")
    expect(corner).to_be_visible()
    box = corner.bounding_box()
    assert box["width"] < 60
    end_of(page, 0)
    expect(corner).to_have_attribute("data-waiting", "", timeout=15_000)  # it asks there
    corner.click()
    expect(page.locator("[data-state=engaged]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(corner).to_be_focused()
    corner.click()
    page.click("[data-state=confused]")
    expect(page.locator("[data-support-card]")).to_be_visible()
    boxes = [button.bounding_box() for button in page.locator("[data-reply]").all()]
    sizes = {(round(box["width"]), round(box["height"])) for box in boxes}
    assert len(sizes) == 1  # four answers of equal weight
    assert page.evaluate("document.documentElement.scrollWidth") == 360
