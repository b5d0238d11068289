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


@pytest.mark.parametrize("exam", [True, False], ids=["exam", "exercises"])
def test_while_a_quiz_is_open_nothing_is_asked_or_offered_wherever_the_page_stands(server, page, change, exam):
    change("DELETE FROM courses_quizattempt")
    change("UPDATE courses_quiz SET minutes = ?", 30 if exam else None)
    lesson = open_lesson(page, server, QUIZ_LESSON)
    words, card = page.locator("[data-support-words]"), page.locator("[data-support-card]")
    offer = {
        **{"type": "support", "id": 1, "state": "confused", "action": "hint", "question": "Would something help?"},
        **{"accept": "A hint", "offer": "Look above.", "place": None, "ask": None, "kind_word": "", "break_offer": ""},
        "replies": {"fine": "I'm fine", "dont_ask": "Don't ask again"},
    }

    def push_offer() -> None:
        page.evaluate("(detail) => document.dispatchEvent(new CustomEvent('attune:message', { detail }))", offer)

    push_offer()
    expect(card).to_be_visible()
    if exam:
        page.click("[data-block-kind=quiz] button:has-text('Begin')")
        page.wait_for_selector("form[data-quiz]")
    else:
        page.locator("form[data-quiz] [data-question] input").first.check()
    expect(card).to_be_hidden()

    # Back to the lesson's first part, to look something up.
    end_of(page, 0)
    page.wait_for_timeout(11_000)
    expect(words).to_be_hidden()
    push_offer()
    expect(card).to_be_hidden()
    page.locator("[data-support-ask]").evaluate("(button) => button.click()")
    page.locator("[data-state=frustrated]").evaluate("(button) => button.click()")
    expect(page.locator("[data-support-note]")).to_have_text("Thank you.")
    expect(card).to_be_hidden() if exam else expect(card).to_be_visible()  # who says so at exercises may be answered

    # With the quiz handed in, or none begun, one is asked there.
    change("DELETE FROM courses_quizattempt")
    page.evaluate("localStorage.removeItem('attune:asked')")
    page.goto(f"{server.url}/lessons/{lesson}/")
    end_of(page, 0)
    expect(words).to_be_visible(timeout=15_000)


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


def test_who_would_ask_writes_where_it_is_read_and_sends_it_oneself(server, page, change):
    open_lesson(page, server)
    page.click("[data-support-ask]")
    page.click("[data-state=confused]")  # which writes the starter set of rules, where it is missing
    expect(page.locator("[data-support-card]")).to_be_visible()
    change("DELETE FROM emotion_supportevent")
    for state, action in (("frustrated", "offer_tutor"), ("bored", "discuss")):
        change("UPDATE emotion_supportrule SET active = (action = ?) WHERE state = ?", action, state)
    page.reload()
    end_of(page, 1)
    title = page.locator("[data-block-id] h2").nth(1).inner_text()

    # To those who teach, from the panel, once the student has read it over and presses the button.
    page.click("[data-support-ask]")
    page.click("[data-state=frustrated]")
    page.click("[data-reply=accepted]")
    form, field = page.locator("[data-support-question-form]"), page.get_by_label("To those who teach this course")
    expect(field).to_have_value(f"I got stuck at “{title}” in “What is typical?”: ")
    told = "SELECT text FROM courses_notification WHERE kind = 'asked'"
    assert server.rows(told) == []
    field.fill("Why is the median not 7?")
    form.locator("button").click()
    expect(page.locator("[data-support-offer]")).to_have_text("Sent. The answer comes as a message.")
    expect(form).to_be_hidden()
    assert set(server.rows(told)) == {("Why is the median not 7?",)}

    # To the others, in the discussion: the form there has begun.
    change("DELETE FROM emotion_supportevent")
    page.reload()
    end_of(page, 1)
    page.click("[data-support-ask]")
    page.click("[data-state=bored]")
    page.click("[data-reply=accepted]")
    expect(form).to_be_hidden()
    page.click("[data-support-discuss] a")
    expect(page.locator("[name=body]")).to_have_value(f"I got stuck at “{title}” in “What is typical?”: ")
    expect(page.locator("[name=block] option:checked")).to_have_text(title)
    assert server.rows("SELECT COUNT(*) FROM courses_post WHERE body LIKE '%I got stuck%'") == [(0,)]
    for state in ("frustrated", "bored"):
        change("UPDATE emotion_supportrule SET active = 1 WHERE state = ?", state)


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


def test_closing_an_offer_answers_it_and_doubles_the_pause(server, page, change):
    page.set_viewport_size({"width": 360, "height": 740})
    open_lesson(page, server)
    card, corner = page.locator("[data-support-card]"), page.locator("[data-support-corner]")

    def say() -> None:
        corner.click()
        page.click("[data-state=frustrated]")
        expect(page.locator("[data-support-note]")).to_have_text("Thank you.")

    def responses() -> list[str]:
        return [response for (response,) in server.rows("SELECT response FROM emotion_supportevent ORDER BY id")]

    def later(minutes: int) -> None:
        change("DELETE FROM emotion_selfreport")
        change("UPDATE emotion_supportevent SET at = ?", time_ago(minutes=minutes))
        page.reload()

    say()
    expect(card).to_be_visible()
    page.click("[data-support-close]")
    expect(card).to_be_hidden()
    expect(corner).to_be_visible()
    assert responses() == ["dismissed"]
    later(11)  # the usual pause is over, the doubled one is not
    say()
    expect(card).to_be_hidden()
    later(21)
    say()
    expect(card).to_be_visible()

    # With the key too. Who has answered and closes then has answered once.
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    assert responses() == ["dismissed", "dismissed"]
    change("DELETE FROM emotion_supportevent")
    later(0)
    say()
    page.click("[data-reply=accepted]")
    expect(page.locator("[data-support-offer]")).to_be_visible()
    answers: list[str] = []
    page.on("request", lambda request: answers.append(request.url) if "/response/" in request.url else None)
    page.click("[data-support-close]")
    page.wait_for_timeout(500)
    assert responses() == ["accepted"] and answers == []


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
