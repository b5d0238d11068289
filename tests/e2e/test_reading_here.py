"""A student has pictures read on their own device: a real browser, camera and server, and no picture on the line."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_main_job import CAMERA, MOST, WATCH_CAMERA, sign_in

pytestmark = pytest.mark.e2e


class Line:
    """What a page sends: its requests, and what goes into its sockets."""

    def __init__(self, page) -> None:
        self.page = page
        self.requests: list[tuple[str, str]] = []
        self.binary = 0
        self.texts: list[str] = []
        # Of the context, so that a worker's requests count too.
        page.context.on("request", lambda request: self.requests.append((request.method, request.url)))
        # Playwright's own events pass over a message that is a Blob, and a frame is one; the browser's do not.
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.webSocketFrameSent", lambda event: self._sent(event["response"]))

    def _sent(self, message: dict) -> None:
        if message["opcode"] == 1:
            self.texts.append(message["payloadData"])
        else:
            self.binary += 1

    def fetched(self, *endings: str) -> list[str]:
        return [url for _, url in self.requests if url.split("?")[0].endswith(endings)]


PARTS = (".onnx", ".wasm.gz", "on_device.js", "on_device_worker.js", "ort.wasm.bundle.min.mjs")


@pytest.fixture
def lesson(attune, open_browser, face_clip):
    """A function that signs somebody in and opens the demo course's first lesson, with consent given."""

    def open_lesson(email: str, **context):
        browser = open_browser(*CAMERA, f"--use-file-for-fake-video-capture={face_clip}")
        page = browser.new_context(viewport={"width": 1440, "height": 900}, **context).new_page()
        page.add_init_script(WATCH_CAMERA)
        sign_in(page, attune.url, email)
        page.goto(f"{attune.url}/courses/calm-statistics/")
        if page.locator("button:has-text('Enroll')").count():
            page.click("button:has-text('Enroll')")
        page.click("main a:has-text('What is typical')")
        page.wait_for_selector("[data-camera]")
        if page.locator("text=What the camera is for").count():
            page.click("text=What the camera is for")
            for choice in ("#camera", "#history", "#age-older"):
                page.check(choice)
            page.click("text=Yes, as ticked")
            page.wait_for_selector("[data-camera-start]")
        return page

    return open_lesson


def test_a_student_has_pictures_read_on_their_device(attune, lesson):
    page = lesson("ada@attune.example")
    line = Line(page)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.reload()
    page.wait_for_load_state("networkidle")
    assert not line.fetched(*PARTS)  # nothing is loaded before it is chosen

    page.check("[name=camera-mode][value=device]")
    with page.expect_response("**/api/v1/lesson-sessions/") as started:
        page.click("[data-camera-start]")
    answer = started.value.json()
    assert answer["mode"] == "device"
    expect(page.locator("[data-camera-words]")).to_have_text("Looks happy", timeout=30_000)
    expect(page.locator("[data-camera-where]")).to_have_text("Read on this device: pictures never leave it.")
    expect(page.locator("[data-expression=happiness] .bar-value")).to_have_text(MOST, timeout=30_000)
    expect(page.locator("[data-camera-facts]")).to_contain_text("6 pictures read", timeout=30_000)

    # The key pauses: the camera goes out and nothing is sent; the same key goes on.
    page.keyboard.press("p")
    expect(page.locator("[data-camera-line]")).to_have_text("Paused. Nothing is seen or sent.")
    page.wait_for_timeout(500)
    sent = len(line.texts)
    page.wait_for_timeout(2500)
    assert len(line.texts) == sent
    page.keyboard.press("p")
    expect(page.locator("[data-camera-facts]")).to_contain_text(f"{sent + 3} pictures read", timeout=30_000)

    # Out of sight, the tab reads nothing.
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.wait_for_timeout(500)
    sent = len(line.texts)
    page.wait_for_timeout(2500)
    assert len(line.texts) == sent
    page.evaluate("delete document.hidden")

    # Ten seconds on, a learning state comes back, as when the server reads.
    expect(page.locator("[data-camera-line]")).to_have_text("Camera on. Looks delighted.", timeout=40_000)
    page.click("[data-camera-stop]")
    page.wait_for_timeout(1000)

    # Nothing but text, a few hundred bytes a reading, has left the page.
    assert line.binary == 0
    posts = [url for method, url in line.requests if method == "POST"]
    assert {url.rsplit("/lesson-sessions/")[-1] for url in posts if "/lesson-sessions/" in url} == {
        "",
        f"{answer['id']}/end/",
    }
    assert not [url for url in posts if "frames" in url]
    assert max(len(text) for text in line.texts) < 500
    assert all(url.startswith(attune.url) for _, url in line.requests)
    assert len(line.fetched(".onnx")) == 2 and len(line.fetched(".wasm.gz")) == 1
    assert not problems

    # And yet the history is there.
    readings = attune.readings(answer["id"], "outcome, happiness, model_version_id, latency_ms")
    assert len(readings) >= 9
    assert all(outcome == "face" and share > 0.5 and model for outcome, share, model, _ in readings)
    assert max(latency for *_, latency in readings) > 0
    page.click("text=Your history")
    expect(page.locator("main")).to_contain_text("Mostly happiness")

    # The choice is remembered.
    page.go_back()
    expect(page.locator("[name=camera-mode][value=device]")).to_be_checked()


def test_where_the_device_cannot_read_the_server_is_offered_and_no_picture_is_sent_unasked(attune, lesson):
    page = lesson("ben@attune.example")
    line = Line(page)
    # As a browser whose runtime computes something else: the answers that are known do not fit.
    page.route("**/api/v1/on-device/", spoil_known_answers)
    page.check("[name=camera-mode][value=device]")
    page.click("[data-camera-start]")
    expect(page.locator("[data-camera-error]")).to_have_text(
        "Reading on this device does not work here: This browser reads a known picture otherwise than it should. "
        "No picture was sent. Start again to have them read on the server.",
        timeout=30_000,
    )
    expect(page.locator("[name=camera-mode][value=server]")).to_be_checked()
    page.wait_for_timeout(1500)  # in which a picture would have gone out
    assert not line.texts and not line.binary
    assert not [url for method, url in line.requests if method == "POST" and "lesson-sessions" in url]
    assert page.evaluate("window.cameraStream") is None
    page.click("[data-camera-start]")
    expect(page.locator("[data-camera-where]")).to_have_text(
        "Read on the server: each picture is gone within seconds.", timeout=15_000
    )
    expect(page.locator("[data-camera-words]")).to_have_text("Looks happy", timeout=15_000)
    assert line.binary > 0
    page.click("[data-camera-stop]")


def spoil_known_answers(route) -> None:
    config = route.fetch().json()
    for known in config["known"]["faces"]:
        known["probabilities"] = dict.fromkeys(known["probabilities"], 0.125)
    route.fulfill(json=config)


def test_stopping_while_it_loads_stops_it(attune, lesson):
    page = lesson("ada@attune.example")
    line = Line(page)
    page.route("**/*.wasm.gz", lambda route: None)  # a line so slow that nothing comes
    page.check("[name=camera-mode][value=device]")
    page.click("[data-camera-start]")
    expect(page.locator("[data-camera-line]")).to_contain_text("Getting ready: 1.9 of 5.6 MB.", timeout=20_000)
    page.click("[data-camera-stop]")
    expect(page.locator("[data-camera-line]")).to_have_text("Camera off.")
    expect(page.locator("[data-camera-error]")).to_be_hidden()
    expect(page.locator("[data-camera-start]")).to_be_enabled()
    assert not line.texts and not line.binary


SLOW_CAMERA = """
const quick = navigator.mediaDevices.getUserMedia;
navigator.mediaDevices.getUserMedia = async (wanted) => {
  if (window.slowly) await new Promise((resolve) => setTimeout(resolve, 1000));
  return quick(wanted);
};
"""


def test_a_camera_that_is_stopped_while_it_comes_back_stays_off(lesson):
    page = lesson("ben@attune.example")
    page.add_init_script(SLOW_CAMERA)
    page.reload()
    page.check("[name=camera-mode][value=server]")
    page.click("[data-camera-start]")
    expect(page.locator("[data-camera-line]")).to_contain_text("Camera on.", timeout=30_000)
    page.keyboard.press("p")
    expect(page.locator("[data-camera-line]")).to_have_text("Paused. Nothing is seen or sent.")
    page.evaluate("window.slowly = true; window.cameraStream = null")
    page.keyboard.press("p")
    page.click("[data-camera-stop]")
    expect(page.locator("[data-camera-line]")).to_have_text("Camera off.")
    page.wait_for_timeout(2000)
    assert page.evaluate("cameraStream.getTracks().every((track) => track.readyState === 'ended')")
    expect(page.locator("[data-camera-line]")).to_have_text("Camera off.")
