"""What the camera's panel promises: what to do about a camera that does not come, a picture that can be hidden, a pace
that follows the server, and a line that is never filled. The server is real; its socket is a stub that counts."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_main_job import CAMERA, sign_in
from tests.services import attune_server

pytestmark = pytest.mark.e2e

# A socket of a lesson's session that answers each frame at once, with `pace` where it is set, and keeps (ms, bytes).
SOCKET = """
const Real = WebSocket;
globalThis.frames = [];
globalThis.pace = null;
globalThis.WebSocket = class extends EventTarget {
  static OPEN = 1;
  constructor(url) {
    super();
    if (!url.includes("/lesson-sessions/")) return new Real(url);
    this.readyState = 1;
    setTimeout(() => this.tell({ type: "ready" }));
  }
  tell(message) { this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) })); }
  async send(frame) {
    frames.push([performance.now(), frame.size]);
    const length = new DataView(await frame.slice(0, 2).arrayBuffer()).getUint16(0);
    const { sequence } = JSON.parse(await frame.slice(2, 2 + length).text());
    const probabilities = { happiness: 0.9 };
    const reading = { type: "reading", sequence, words: "Looks happy", probabilities, latency_ms: 9 };
    this.tell(pace ? { ...reading, pace_ms: pace } : reading);
  }
  close() {}
};
"""
REFUSE = """
(name) => {
  const devices = navigator.mediaDevices;
  globalThis.realCamera ??= devices.getUserMedia.bind(devices);
  devices.getUserMedia = () => Promise.reject(new DOMException("What this browser says", name));
}
"""
PROBLEMS = {
    "NotAllowedError": "The camera is blocked for this page. Allow it in the address bar, then start again.",
    "SecurityError": "The camera is blocked for this page. Allow it in the address bar, then start again.",
    "NotFoundError": "No camera was found. Plug one in, or go on without: the lesson is the same.",
    "OverconstrainedError": "No camera was found. Plug one in, or go on without: the lesson is the same.",
    "NotReadableError": "Another program is using the camera. Close it there, then start again.",
    "AbortError": "The camera did not start. Plug it in again or restart the browser, then try again.",
    "ErrorOfNextYear": "The camera did not start. Plug it in again or restart the browser, then try again.",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with attune_server(tmp_path_factory.mktemp("attune")) as server:
        yield server


@pytest.fixture
def page(server, open_browser, face_clip):
    """The demo's first lesson before Ada, who has agreed."""
    browser = open_browser(*CAMERA, f"--use-file-for-fake-video-capture={face_clip}")
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.add_init_script(SOCKET)
    sign_in(page, server.url, "ada@attune.example")
    page.goto(f"{server.url}/courses/calm-statistics/")
    if page.locator("button:has-text('Enroll')").count():
        page.click("button:has-text('Enroll')")
    page.click("main .outline a:has-text('What is typical')")
    if page.locator("text=What the camera is for").count():
        page.click("text=What the camera is for")
        for choice in ("#camera", "#history", "#age-older"):
            page.check(choice)
        page.click("text=Yes, as ticked")
    page.wait_for_selector("[data-camera-start]")
    yield page
    assert problems == []


def start(page) -> None:
    page.click("[data-camera-start]")
    expect(page.locator("[data-camera-words]")).to_have_text("Looks happy", timeout=20_000)


def frames(page, seconds: float) -> list[int]:
    """The sizes of the frames that go out in the next so many seconds."""
    page.evaluate("void (frames.length = 0)")
    page.wait_for_timeout(1000 * seconds)
    return [size for _, size in page.evaluate("frames")]


def test_a_camera_that_does_not_come_is_told_with_what_to_do_and_may_come_later(page):
    error, line = page.locator("[data-camera-error]"), page.locator("[data-camera-line]")
    for name, sentence in PROBLEMS.items():
        page.evaluate(REFUSE, name)
        page.click("[data-camera-start]")
        expect(error).to_have_text(sentence)
        expect(line).to_have_text("Camera off.")
        expect(page.locator("[data-camera-start]")).to_be_enabled()

    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined, configurable: true })")
    page.click("[data-camera-start]")
    expect(error).to_have_text("The camera works over https or on localhost only.")
    page.evaluate("delete navigator.mediaDevices")
    page.evaluate("void (navigator.mediaDevices.getUserMedia = realCamera)")

    # Nor is it the browser's own words when the server is not there.
    page.route("**/api/v1/lesson-sessions/", lambda route: route.abort())
    page.click("[data-camera-start]")
    expect(error).to_have_text("The server did not answer. Check the network, then start again.")
    page.unroute("**/api/v1/lesson-sessions/")

    start(page)
    expect(error).to_be_hidden()
    # Somebody else takes the camera during a pause.
    page.keyboard.press("p")
    page.evaluate(REFUSE, "NotReadableError")
    page.keyboard.press("p")
    expect(error).to_have_text(PROBLEMS["NotReadableError"])
    assert frames(page, 2) == []


def test_the_picture_can_be_hidden_and_the_camera_goes_on(page):
    start(page)
    picture, button = page.locator("[data-camera-preview]"), page.locator("[data-camera-hide]")
    expect(picture).to_be_visible()
    button.click()
    expect(picture).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert len(frames(page, 4)) >= 2
    button.click()
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("paused", False)
    expect(button).to_have_attribute("aria-pressed", "false")


def weigh(page, size: int) -> None:
    """From now on a picture has so many bytes."""
    page.evaluate(
        "(size) => { const blob = new Blob([new Uint8Array(size)]);"
        " HTMLCanvasElement.prototype.toBlob = (done) => done(blob); }",
        size,
    )


def test_the_page_slows_down_when_it_is_told_to_and_speeds_up_again(page):
    weigh(page, 4000)
    start(page)
    page.evaluate("void (pace = 5000)")
    page.wait_for_timeout(2500)  # the next frame is under way
    assert len(frames(page, 11)) in (2, 3)  # one in five seconds
    page.evaluate("void (pace = 600)")
    page.wait_for_timeout(6000)
    assert len(frames(page, 6)) >= 6  # nearly two a second, on a machine that does nothing else


def test_the_line_carries_25_kilobytes_a_second_at_most(page):
    weigh(page, 40_000)  # which at two pictures a second would be 80 KB/s
    start(page)
    page.evaluate("void (pace = 550)")
    page.wait_for_timeout(1000)
    sent = frames(page, 12)
    assert min(sent) > 40_000
    assert 4 * 40_000 < sum(sent) <= 12 * 25_000 + max(sent)
