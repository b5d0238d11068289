"""A course is written in a browser, and taken in another one the size of a phone."""

import time

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.test_main_job import sign_in

pytestmark = pytest.mark.e2e

SECONDS = 40
PIECE = "section.piece >> nth={}"


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """A video that counts its seconds, its captions, and a picture."""
    folder = tmp_path_factory.mktemp("media")
    clip = cv2.VideoWriter(str(folder / "clip.webm"), cv2.VideoWriter_fourcc(*"VP80"), 10, (320, 180))
    for frame in range(SECONDS * 10):
        picture = np.full((180, 320, 3), 60 + frame % 100, np.uint8)
        cv2.putText(picture, f"{frame // 10} s", (90, 100), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (255, 255, 255), 3)
        clip.write(picture)
    clip.release()
    cues = [f"00:00:{s:02}.000 --> 00:00:{s + 5:02}.000\nAbout second {s}" for s in range(0, SECONDS, 5)]
    (folder / "captions.vtt").write_text("WEBVTT\n\n" + "\n\n".join(cues))
    cv2.imwrite(str(folder / "loaf.png"), np.full((300, 500, 3), 120, np.uint8))
    return folder


def listen(page) -> list[str]:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    return problems


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def add(page, kind: str) -> None:
    page.click(f"button.kind[value={kind}]")
    page.wait_for_load_state()


def order(page) -> list[str]:
    return [piece.get_attribute("aria-label").split(":")[0] for piece in page.query_selector_all("section.piece")]


def wait_for(page, condition: str, seconds: float = 20) -> None:
    """Asked from outside: a poll inside the page would be an eval, which its policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(100)


def drag(page, handle: str, target: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 1600})
    page.locator(target).scroll_into_view_if_needed()
    start, end = (page.locator(place).bounding_box() for place in (handle, target))
    page.mouse.move(start["x"] + 5, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, start["y"] - 10, steps=5)
    page.mouse.move(end["x"] + 5, end["y"] - 10, steps=20)
    page.mouse.move(end["x"] + 5, end["y"] - 5, steps=5)
    page.mouse.up()


def test_a_course_is_written_published_and_taken_on_a_phone(attune, open_browser, media):
    browser = open_browser()
    author = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    problems = listen(author)
    sign_in(author, attune.url, "instructor@attune.example")
    author.click("text=New course")
    author.fill("[name=title]", "Bread at home")
    author.fill("[name=summary]", "Flour, water, salt and time.")
    author.click("text=Begin writing")
    author.fill("[placeholder='Title of a new module']", "Baking")
    author.click("text=Add module")
    author.click("text=First lesson")
    for kind in ("text", "image", "video", "reflection"):
        add(author, kind)
    author.fill(f"{PIECE.format(0)} >> [name=body]", "Mix **flour** with $a^2$.")
    author.set_input_files(f"{PIECE.format(1)} >> input[type=file]", media / "loaf.png")
    author.fill(f"{PIECE.format(1)} >> [name=alt_text]", "A loaf")
    video = PIECE.format(2)
    author.set_input_files(f"{video} >> input[type=file] >> nth=0", media / "clip.webm")
    expect(author.locator(f"{video} >> text=clip.webm")).to_be_visible()
    author.set_input_files(f"{video} >> input[type=file] >> nth=1", media / "captions.vtt")
    expect(author.locator(f"{video} >> text=captions.vtt")).to_be_visible()
    author.select_option(f"{video} >> [name=rule]", "watched")
    author.fill(f"{PIECE.format(3)} >> [name=body]", "What smells best?")
    for number in range(4):
        expect(author.locator(f"{PIECE.format(number)} >> [data-autosave-state]")).to_contain_text("Saved")

    # The arrow keeps the focus, so that the keyboard can press it again.
    author.focus(f"{PIECE.format(3)} >> button[value=up]")
    author.keyboard.press("Enter")
    author.keyboard.press("Enter")
    author.wait_for_timeout(800)
    author.reload()
    assert order(author) == ["Text", "Reflection", "Picture", "Video"]
    drag(author, f"{PIECE.format(1)} >> [data-handle]", f"{PIECE.format(0)} >> [data-handle]")
    author.wait_for_timeout(800)
    author.reload()
    assert order(author) == ["Reflection", "Text", "Picture", "Video"]

    # What was typed last goes out with the page.
    author.fill(f"{PIECE.format(1)} >> [name=title]", "Flour first")
    author.click("text=Modules and lessons")
    author.click("text=First lesson")
    expect(author.locator(f"{PIECE.format(1)} >> [name=title]")).to_have_value("Flour first")

    author.click("text=Publish the lesson")
    lesson = author.url.replace("/edit/", "/")
    author.click("text=Modules and lessons")
    author.click("text=Publish the course")

    phone = browser.new_context(viewport={"width": 360, "height": 760}, has_touch=True).new_page()
    problems += listen(phone)
    sign_in(phone, attune.url, "ada@attune.example")
    phone.goto(f"{attune.url}/courses/bread-at-home/")
    phone.click("button:has-text('Enroll')")
    phone.goto(lesson)
    assert fits(phone)
    expect(phone.locator("img[alt='A loaf']")).to_be_visible()
    expect(phone.locator("[data-remaining]")).to_contain_text("watched 0 of 80%")
    phone.fill("[data-reflection] textarea", "The crust.")
    expect(phone.locator("[data-reflection-state]")).to_contain_text("Kept")
    phone.eval_on_selector("video", "video => { video.muted = true; video.playbackRate = 2; return video.play(); }")
    wait_for(phone, "document.querySelector('video').currentTime > 14")
    phone.eval_on_selector("video", "video => video.pause()")
    expect(phone.locator("[data-remaining]")).not_to_contain_text("watched 0 of")
    left_at = phone.eval_on_selector("video", "video => video.currentTime")

    desk = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    problems += listen(desk)
    sign_in(desk, attune.url, "ada@attune.example")
    desk.goto(lesson)
    wait_for(desk, "document.querySelector('video').currentTime > 0")
    assert abs(desk.eval_on_selector("video", "video => video.currentTime") - left_at) <= 5
    assert desk.input_value("[data-reflection] textarea") == "The crust."
    desk.click("text=Transcript")
    desk.fill("[data-find]", "second 30")
    expect(desk.locator("[data-found]")).to_have_text("1 of 8 lines")
    desk.click("[data-cues] button:visible")
    wait_for(desk, "Math.abs(document.querySelector('video').currentTime - 30) < 3")
    assert problems == []


def test_what_two_authors_write_at_once_is_both_kept(attune, open_browser):
    browser = open_browser()
    pages = []
    for _ in range(2):
        page = browser.new_context().new_page()
        sign_in(page, attune.url, "instructor@attune.example")
        pages.append(page)
    one, two = pages
    one.click("text=New course")
    one.fill("[name=title]", "Two authors")
    one.fill("[name=summary]", "One text.")
    one.click("text=Begin writing")
    one.click("text=First lesson")
    add(one, "text")
    two.goto(one.url)
    one.fill("[name=body]", "The first author's words.")
    expect(one.locator(f"{PIECE.format(0)} >> [data-autosave-state]")).to_contain_text("Saved")
    two.fill("[name=body]", "The second author's words.")
    expect(two.locator(".overtaken")).to_contain_text("The first author's words.")
    assert two.input_value("[name=body]") == "The second author's words."
    two.click("text=Save mine over it")
    expect(two.locator(f"{PIECE.format(0)} >> [data-autosave-state]")).to_contain_text("Saved")
    one.reload()
    assert one.input_value("[name=body]") == "The second author's words."
