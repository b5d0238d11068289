"""How something looked is drawn by the server: it differs without colour, prints dark on light, and needs no script."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.dashboard import lesson_chart
from tests.emotion.factories import make_bucket, make_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]


@pytest.fixture
def pages(client, alice, ines, lesson):
    """Each page with a timeline or with a bar for each lesson, as its reader gets it."""
    looks = {name: 1 for name in EXPRESSIONS}
    make_bucket(make_session(alice, lesson, share=True), faces=8, **looks, engaged=1, confused=1)

    def fetch():
        client.force_login(alice)
        yield "own lesson", client.get(reverse("emotion:history", args=[lesson.pk])).content.decode()
        yield "own course", client.get(reverse("emotion:course-history", args=[lesson.course.slug])).content.decode()
        client.force_login(ines)
        address = reverse("admin:emotion_lessonclimate_change", args=[lesson.pk])
        yield "admin", client.get(f"{address}?student={alice.pk}").content.decode()

    return dict(fetch())


def test_each_shape_has_a_weave_beside_its_colour_and_the_legend_says_both(pages):
    for name, page in pages.items():
        assert "<canvas" not in page, name
        chart = page.partition('class="lesson-chart"')[2]
        for look in (*EXPRESSIONS, "engaged", "confused"):
            assert chart.count(f'class="fill-{look}"') == chart.count(f'fill="url(#weave-{look})"') >= 2, (name, look)
            assert page.count(f'id="weave-{look}"') == 1, (name, look)
        weaves = re.findall(r'id="weave-\w+".*?<path class="weave" d="(.*?)"', chart)
        looks, states = weaves[: len(EXPRESSIONS)], weaves[len(EXPRESSIONS) :]
        assert len(set(looks)) == len(EXPRESSIONS), name
        assert len(set(states[:-1])) == len(COUNTED_STATES) - 1, name


def test_the_parts_of_a_lesson_are_named_and_lead_there(pages, lesson):
    for name in ("own lesson", "admin"):
        for number, block in enumerate(lesson.blocks.all(), 1):
            address = f"{lesson.get_absolute_url()}#block-{block.pk}"
            assert f'<a href="{address}">{number}. <bdi>{block.title}</bdi></a>' in pages[name]


def test_bars_of_a_lesson_end_at_a_hundred_and_what_is_nothing_is_not_drawn():
    [row] = lesson_chart.draw_course(
        [{"title": "Bread", "expressions": {"neutral": 0.25, "fear": 0.0, "anger": 0.75}, "states": None}]
    )
    assert row == lesson_chart.Row("Bread", [("neutral", 0.0, 25.0), ("anger", 25.0, 75.0)], [])


def test_paper_is_light_in_the_dark_mode_too():
    """A dark mode's pale ink would not be seen on paper."""
    for path in (Path(settings.BASE_DIR) / "static/css").glob("*.css"):
        on_screen = re.sub(r"@media screen[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", path.read_text())
        assert "  color-scheme: dark;" not in on_screen, path.name
        assert not re.search(r":root(\.dark|\[data-bs-theme=\"dark\"\])\s*\{[^}]*--ink:", on_screen), path.name
