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


def is_post(answer) -> bool:
    return answer.request.method == "POST"


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
    author.wait_for_url("**/edit/")
    course = author.url.removesuffix("edit/")
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
    for _ in range(2):
        with author.expect_response(is_post):
            author.keyboard.press("Enter")
    author.reload()
    assert order(author) == ["Text", "Reflection", "Picture", "Video"]
    with author.expect_response(is_post):
        drag(author, f"{PIECE.format(1)} >> [data-handle]", f"{PIECE.format(0)} >> [data-handle]")
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
    phone.goto(course)
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


def test_from_the_first_word_to_the_certificate(attune, open_browser, media):
    """What a course is for, by those who have never seen these pages: written, taken on a phone, marked, certified."""
    browser = open_browser()
    author = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    problems = listen(author)
    sign_in(author, attune.url, "instructor@attune.example")
    author.click("text=New course")
    author.fill("[name=title]", "Tea, briefly")
    author.fill("[name=summary]", "Two cups.")
    author.click("text=Begin writing")
    author.wait_for_url("**/edit/")
    course = author.url.removesuffix("edit/")
    author.fill("[placeholder='Title of a new module']", "The second cup")
    author.click("text=Add module")
    author.click("text=First lesson")
    add(author, "text")
    author.fill("[name=body]", "Water first.")
    add(author, "video")
    author.set_input_files(f"{PIECE.format(1)} >> input[type=file] >> nth=0", media / "clip.webm")
    expect(author.locator(f"{PIECE.format(1)} >> text=clip.webm")).to_be_visible()
    author.select_option(f"{PIECE.format(1)} >> [name=rule]", "watched")
    expect(author.locator(f"{PIECE.format(1)} >> [data-autosave-state]")).to_contain_text("Saved")
    add(author, "quiz")
    author.select_option(f"{PIECE.format(2)} >> [name=rule]", "passed")
    expect(author.locator(f"{PIECE.format(2)} >> [data-autosave-state]")).to_contain_text("Saved")
    author.click("text=Edit the questions")
    add(author, "single")
    author.fill(f"{PIECE.format(0)} >> [name=prompt]", "What comes first?")
    author.fill(f"{PIECE.format(0)} >> [name=choice-text] >> nth=0", "Water")
    author.select_option(f"{PIECE.format(0)} >> [name=choice-right] >> nth=0", "1")
    author.fill(f"{PIECE.format(0)} >> [name=choice-text] >> nth=1", "Milk")
    expect(author.locator(f"{PIECE.format(0)} >> [data-missing]")).to_be_hidden()
    add(author, "numeric")
    author.fill(f"{PIECE.format(1)} >> [name=prompt]", "Minutes for green tea?")
    author.fill(f"{PIECE.format(1)} >> [name=number]", "2,5")
    author.fill(f"{PIECE.format(1)} >> [name=tolerance]", "0.5")
    expect(author.locator(f"{PIECE.format(1)} >> [data-missing]")).to_be_hidden()
    author.click("text=Back to the lesson")
    author.click("text=Publish the lesson")
    author.click("text=Modules and lessons")
    author.fill("[placeholder='Title of a new lesson'] >> nth=1", "Brew it")
    author.click("button:has-text('Add lesson') >> nth=1")
    add(author, "assignment")
    author.fill("[name=body]", "Brew a cup and tell how it was.")
    author.select_option("[name=rule]", "passed")
    expect(author.locator(f"{PIECE.format(0)} >> [data-autosave-state]")).to_contain_text("Saved")
    author.click("text=What is taken, and the rubric")
    author.fill("[aria-label='A new row of the rubric']", "It is told clearly")
    author.click("text=Add row")
    author.fill("[name=lines]", "4 Every step\n2 Some steps\n0 None")
    expect(author.locator("section.piece >> [data-autosave-state]")).to_contain_text("Saved")
    author.click("text=Back to the lesson")
    author.click("text=Publish the lesson")
    author.click("text=Modules and lessons")
    author.click("text=Publish the course")
    author.click(".studio-side >> text=Certificates")
    author.check("[name=is_on]")
    author.fill("[name=lowest_percent]", "60")
    author.click("main button:has-text('Keep')")

    phone = browser.new_context(viewport={"width": 360, "height": 760}, has_touch=True).new_page()
    problems += listen(phone)
    sign_in(phone, attune.url, "ada@attune.example")
    phone.goto(course)
    phone.click("button:has-text('Enroll')")
    phone.click("main a:has-text('Begin')")
    assert fits(phone)
    expect(phone.locator("[data-remaining]")).to_contain_text("watched 0 of 80%")
    phone.eval_on_selector("video", "video => { video.muted = true; video.playbackRate = 2; return video.play(); }")
    expect(phone.locator("[data-remaining]")).not_to_contain_text("watched", timeout=1000 * SECONDS)
    phone.click("label:has-text('Water')")
    phone.fill("[name^=q-][inputmode=decimal], [name^=q-][type=text]", "2.4")
    expect(phone.locator("[data-quiz-state]").filter(has_text="Saved").first).to_be_visible()
    phone.wait_for_timeout(1200)
    phone.reload()
    expect(phone.locator("label:has-text('Water') input")).to_be_checked()
    phone.click("button:has-text('Check my answers')")
    expect(phone.locator(".quiz")).to_contain_text("2 of 2")
    phone.goto(course)
    phone.click(".outline a:has-text('Brew it')")
    phone.fill("[data-draft] textarea", "شاي أخضر " * 1500)  # more than a browser keeps alive, once it is encoded
    expect(phone.locator("[data-draft-state]")).to_contain_text("Saved")
    phone.reload()
    expect(phone.locator("[data-draft] textarea")).to_have_value("شاي أخضر " * 1500)
    phone.fill("[data-draft] textarea", "Green, two minutes, calm.")
    expect(phone.locator("[data-draft-state]")).to_contain_text("Saved")
    phone.click("button:has-text('Hand in')")
    expect(phone.locator("main")).to_contain_text("Handed in")
    assert fits(phone)

    author.goto(course)
    author.click(".outline a:has-text('Brew it')")
    author.click("text=1 to mark")
    author.click("text=Mark 1 submission")
    author.check("label:has-text('Every step') input")
    author.fill("[name=comment]", "A calm cup.")
    author.click("text=Keep the mark")
    author.click("text=Release 1 mark")
    expect(author.locator("main")).to_contain_text("1 mark is out")
    author.goto(f"{course}gradebook/")
    expect(author.locator(".grades")).to_contain_text("100.0%")

    author.goto(f"{course}teaching/")
    author.focus("[data-picture]")
    with author.expect_download() as picture:
        author.keyboard.press("Enter")
    assert picture.value.suggested_filename.endswith(".png")
    pixels = cv2.imread(str(picture.value.path()))
    assert pixels.shape[1] == 2 * 1120
    assert (pixels[0, 0] == 255).all()
    assert (pixels == (0x62, 0x5D, 0x2F)).all(axis=2).sum() > 10_000  # the bars of what is completed, in BGR

    phone.reload()
    expect(phone.locator("main")).to_contain_text("A calm cup.")
    phone.goto(course)
    with phone.expect_download() as paper:
        phone.click("text=Download it")
    assert paper.value.path().read_bytes().startswith(b"%PDF")
    phone.click("text=Its public page")
    expect(phone.locator("main")).to_contain_text("This certificate holds.")
    assert fits(phone)
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
