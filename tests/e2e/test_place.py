"""Faces, answers and rewinds in one video carry the video's second: the page's own player, and those of other sites."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.test_main_job import CAMERA, sign_in
from tests.services import ROOT, attune_server

pytestmark = pytest.mark.e2e

SECONDS = 120
# A lesson after all others: words, the page's own video, one of YouTube's and one of Vimeo's, each with words below.
MAKE = """
from django.core.files import File
from courses import assets
from courses.models import Block, Course, Lesson
course = Course.objects.get(slug="calm-statistics")
lesson = Lesson.objects.create(module=course.modules.last(), title="Films", position=99, status="published")
clip = assets.keep(course=course, upload=File(open(r"%s", "rb"), name="clip.webm"), use="video")
rows = [{"kind": "text", "title": "Words first", "body": "Read. " * 300}]
for more in ({"asset": clip}, {"address": "https://youtu.be/aaaaaaaaaaa"}, {"address": "https://vimeo.com/123456789"}):
    rows.append({"kind": "video", "title": "A film", "body": "Read. " * 300, **more})
for position, row in enumerate(rows, start=1):
    block = Block.objects.create(lesson=lesson, position=position, **row)
    print("made", lesson.pk, block.pk)
"""
# What the players of other sites do, as far as a page that embeds them hears and says it.
PLAYER = """
<body style="margin:0;background:#000"><script>
const player = { second: 0, plays: false };
const tell = () => parent.postMessage(JSON.stringify(say(player.second)), "*");
player.seek = (second) => { player.second = second; tell(); };
setInterval(() => { if (player.plays) player.seek(player.second + 0.25); }, 250);
addEventListener("message", ({ data }) => hear(JSON.parse(data)));
globalThis.player = player;
</script><script>%s</script></body>
"""
YOUTUBE = (
    PLAYER
    % """
let listens = false;
const say = (second) => listens ? { event: "infoDelivery", info: { currentTime: second, duration: 600 } } : {};
const hear = (said) => {
  if (said.event === "listening") { listens = true; tell(); }
  if (said.event === "command" && said.func === "seekTo") player.seek(said.args[0]);
};
"""
)
VIMEO = (
    PLAYER
    % """
const events = new Set();
const say = (second) => {
  const event = player.plays ? "timeupdate" : "seeked";
  return events.has(event) ? { event, data: { seconds: second, duration: 600 } } : {};
};
const hear = (said) => {
  if (said.method === "addEventListener") events.add(said.value);
  if (said.method === "setCurrentTime") player.seek(said.value);
};
"""
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with attune_server(tmp_path_factory.mktemp("attune")) as server:
        yield server


@pytest.fixture(scope="module")
def films(server, tmp_path_factory) -> tuple[int, list[int]]:
    """The lesson's id, and those of its four blocks."""
    path = tmp_path_factory.mktemp("media") / "clip.webm"
    clip = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"VP80"), 2, (320, 180))
    for frame in range(SECONDS * 2):
        clip.write(np.full((180, 320, 3), 60 + frame % 100, np.uint8))
    clip.release()
    environment = os.environ | {"ATTUNE_DATA_DIR": str(server.data_dir), "ATTUNE_TESTING": "1"}
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-c", MAKE % path]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("made")]
    return int(made[0][0]), [int(block) for _, block in made]


@pytest.fixture
def page(server, films, open_browser, face_clip):
    """The lesson, open before Ada, with her camera on."""
    browser = open_browser(*CAMERA, f"--use-file-for-fake-video-capture={face_clip}")
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    for site, player in (("www.youtube-nocookie.com", YOUTUBE), ("player.vimeo.com", VIMEO)):
        context.route(f"https://{site}/**", fulfil(player))
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    sign_in(page, server.url, "ada@attune.example")
    page.goto(f"{server.url}/courses/calm-statistics/")
    if page.locator("button:has-text('Enroll')").count():
        page.click("button:has-text('Enroll')")
    page.goto(f"{server.url}/lessons/{films[0]}/")
    if page.locator("text=What the camera is for").count():
        page.click("text=What the camera is for")
        for choice in ("#camera", "#history", "#age-older"):
            page.check(choice)
        page.click("text=Yes, as ticked")
        page.goto(f"{server.url}/lessons/{films[0]}/")
    page.click("[data-camera-start]")
    expect(page.locator("[data-camera-words]")).to_have_text("Looks happy", timeout=20_000)
    yield page
    assert problems == []


def fulfil(player: str):
    return lambda route: route.fulfill(content_type="text/html", body=player)


class Film:
    """A video of the lesson, as a test moves it."""

    def __init__(self, page, block: int) -> None:
        self.page, self.block = page, page.locator(f"#block-{block}")
        # At the window's lower end, so that what stands at its middle is another block.
        self.block.locator("video, iframe").evaluate("(film) => film.scrollIntoView({ block: 'end' })")

    def second(self) -> float:
        return self._do("player.second", "video.currentTime")

    def seek(self, second: float) -> None:
        self._do(f"player.seek({second})", f"video.currentTime = {second}")

    def play(self) -> None:
        self._do("void (player.plays = true)", "void (video.muted = true, video.play())")

    def pause(self) -> None:
        self._do("void (player.plays = false)", "video.pause()")

    def _do(self, outside: str, own: str):
        if self.block.locator("video").count():
            return self.block.locator("video").evaluate(f"(video) => {own}")
        frame = self.block.locator("iframe").element_handle().content_frame()
        frame.wait_for_load_state()
        return frame.evaluate(outside)


@pytest.mark.parametrize("film", [1, 2, 3], ids=["own", "youtube", "vimeo"])
def test_a_face_an_answer_and_a_rewind_carry_the_second_of_the_video(server, films, page, film):
    lesson, blocks = films
    block = blocks[film]
    film = Film(page, block)
    page.wait_for_timeout(1000)

    def faces(column: str = "place_seconds") -> list:
        rows = server.rows(
            f"SELECT {column} FROM emotion_emotionreading JOIN emotion_lessonsession s ON s.id = session_id "
            f"WHERE s.lesson_id = {lesson} ORDER BY taken_at"
        )
        return [value for (value,) in rows]

    def newest_faces(count: int) -> list[float]:
        before = len(faces())
        page.wait_for_timeout(1000 * count + 500)
        assert set(faces("block_number")[before:]) == {block}
        found = faces()[before:]
        assert len(found) >= count - 1
        return found

    # On to 100 s, and it plays: what is seen of the face is at the second that it was seen in, whatever was in view.
    film.seek(100)
    film.play()
    page.wait_for_timeout(1500)
    began = film.second()
    seen = newest_faces(4)
    ended = film.second()
    assert 100 <= began < ended < SECONDS
    assert all(began - 1.5 <= second <= ended for second in seen)
    assert seen == sorted(seen) and seen[-1] - seen[0] > 1.5

    # While it is paused, the second stays.
    film.pause()
    page.wait_for_timeout(1500)
    stands = film.second()
    assert all(second == pytest.approx(stands, abs=0.3) for second in newest_faces(3))

    # An answer to "How is this going?" is there too.
    page.locator("[data-support-ask]").evaluate("(button) => button.click()")
    page.locator("[data-state=engaged]").evaluate("(button) => button.click()")
    expect(page.locator("[data-support-note]")).to_have_text("Thank you.")
    [(at, second)] = server.rows(
        f"SELECT block_number, place_seconds FROM emotion_selfreport WHERE block_number = {block}"
    )
    assert at == block and second == pytest.approx(stands, abs=0.3)

    # And a rewind is at where it leads to.
    film.seek(40)
    page.wait_for_timeout(1000)
    assert newest_faces(2)[-1] == pytest.approx(40, abs=0.3)
    page.goto(server.url)  # what was done is sent as the page is left
    page.wait_for_timeout(1000)
    [(second,)] = server.rows(
        f"SELECT place_seconds FROM emotion_behaviourevent WHERE kind = 'rewind' AND block_number = {block}"
    )
    assert second == pytest.approx(40, abs=0.3)
