"""The whole idea, as a student and an instructor live it: a real browser, camera, server, worker and model."""

import base64
import re

import cv2
import pytest
from playwright.sync_api import expect

from accounts.demo import DEMO_PASSWORD

pytestmark = pytest.mark.e2e

SECONDS_IN_LESSON = 30
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")

# Keeps a hand on the camera, so that the test can see its light go out.
WATCH_CAMERA = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => (window.cameraStream = await open(wanted));
"""
POST_FRAME = """
async ([session, jpeg]) => {
  const body = Uint8Array.from(atob(jpeg), (c) => c.charCodeAt(0));
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(`/api/v1/lesson-sessions/${session}/frames/`, {
    method: "POST", body, headers: { "Content-Type": "image/jpeg", "X-CSRFToken": token },
  });
  return [answer.status, (await answer.json()).detail];
}
"""
MOST = re.compile(r"^(5[1-9]|[6-9]\d|100)%$")


def sign_in(page, url: str, email: str) -> None:
    page.goto(f"{url}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", DEMO_PASSWORD)
    page.click("main button:has-text('Sign in')")
    page.wait_for_url("**/home/")


def test_a_student_takes_a_lesson_with_the_camera_on(attune, open_browser, face_clip, astronaut):
    browser = open_browser(*CAMERA, f"--use-file-for-fake-video-capture={face_clip}")
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(WATCH_CAMERA)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)

    sign_in(page, attune.url, "ada@attune.example")
    page.goto(f"{attune.url}/courses/")
    page.click("text=Calm Statistics")
    page.click("button:has-text('Enroll')")
    page.click("main a:has-text('What is typical')")
    lesson_url = page.url.split("?")[0]

    page.click("text=What the camera is for")
    expect(page.locator("main")).to_contain_text(re.compile("Saying no|If you say no"))
    assert not page.locator("main input:checked").count()  # nothing is ticked beforehand
    for choice in ("#camera", "#history", "#share", "#age-older"):
        page.check(choice)
    page.click("text=Yes, as ticked")

    # The camera is on: answers arrive, the bars move, the words say "looks".
    with page.expect_response("**/api/v1/lesson-sessions/") as started:
        page.click("[data-camera-start]")
    session = started.value.json()["id"]
    expect(page.locator("[data-camera-words]")).to_have_text("Looks happy", timeout=15_000)
    expect(page.locator("[data-expression=happiness] .bar-value")).to_have_text(MOST, timeout=15_000)
    page.wait_for_timeout(SECONDS_IN_LESSON * 1000)
    page.click("[data-camera-stop]")

    # Stopped with one click, and the camera's light is out.
    expect(page.locator("[data-camera-line]")).to_have_text("Camera off.")
    assert page.evaluate("window.cameraStream.getTracks().map((track) => track.readyState)") == ["ended"]

    # The emotion history: at least twenty readings, nearly all of them happy.
    page.wait_for_timeout(1000)
    readings = attune.readings(session, "outcome, happiness, sequence")
    assert len(readings) >= 20
    assert len({sequence for _, _, sequence in readings}) == len(readings)
    happy = [share for outcome, share, _ in readings if outcome == "face" and share > 0.5]
    assert len(happy) >= 0.8 * len(readings)

    page.click("text=Your history")
    expect(page.locator(".lesson-chart path[class^=fill]").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("Mostly happiness")

    # Withdrawn, no frame is taken any more, and nothing is recorded.
    page.goto(lesson_url)
    page.click("text=What is this?")
    page.click("button:has-text('Withdraw')")
    page.wait_for_load_state()  # the script below takes the new page's token
    jpeg = base64.b64encode(cv2.imencode(".jpg", astronaut)[1].tobytes()).decode()
    assert not problems
    status, sentence = page.evaluate(POST_FRAME, [session, jpeg])
    assert (status, sentence) == (403, "You have withdrawn your consent, so nothing is taken.")
    page.wait_for_timeout(1000)
    assert attune.readings(session, "outcome, happiness, sequence") == readings


def test_an_instructor_sees_how_a_lesson_looked(attune, open_browser, face_clip):
    browser = open_browser(*CAMERA, f"--use-file-for-fake-video-capture={face_clip}")
    page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    sign_in(page, attune.url, "ben@attune.example")
    page.goto(f"{attune.url}/courses/calm-statistics/")
    page.click("button:has-text('Enroll')")
    page.click("main a:has-text('What is typical')")
    page.click("text=What the camera is for")
    for choice in ("#camera", "#history", "#share", "#age-older"):
        page.check(choice)
    page.click("text=Yes, as ticked")
    page.click("[data-camera-start]")
    page.evaluate("scrollTo(0, 0)")  # reading on a phone: the panel is out of sight, and still the face is seen
    expect(page.locator("[data-camera-words]")).to_have_text("Looks happy", timeout=15_000)
    expect(page.locator("[data-camera-facts]")).to_contain_text("3 pictures", timeout=15_000)
    page.click("[data-camera-stop]")

    teacher = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(teacher, attune.url, "instructor@attune.example")
    teacher.goto(f"{attune.url}/admin/emotion/lessonclimate/")
    teacher.click("text=What is typical")
    expect(teacher.locator("body")).to_contain_text("Not enough students yet")
    teacher.click("text=Ben Aziz")
    expect(teacher.locator("body")).to_contain_text("Ben Aziz shares this with you")
    expect(teacher.locator(".lesson-chart path[class^=fill]").first).to_be_visible()
