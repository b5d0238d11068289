"""Every page that draws something can be taken along. What is drawn later is swept too."""

import re
from pathlib import Path

from django.conf import settings

TEMPLATES = Path(settings.BASE_DIR) / "templates"
DRAWS = re.compile(r"<canvas|<svg[^>]*role=.(?:img|group)|class=.(?:lesson-chart|lesson-bars|funnel|model-recalls)\b")
INCLUDES = re.compile(r"{% include .([^'\" ]+\.html)")


def read(name: str) -> str:
    path = TEMPLATES / name
    return path.read_text() if path.is_file() else ""


def parts_of(name: str) -> set[str]:
    """A template and all that it includes."""
    found: set[str] = set()
    left = [name]
    while left:
        if (each := left.pop()) not in found:
            found.add(each)
            left += INCLUDES.findall(read(each))
    return found


def test_every_page_with_a_chart_offers_its_table_and_its_picture():
    pages = [path for path in TEMPLATES.rglob("*.html") if not path.name.startswith("_")]
    drawing, without = set(), []
    for name in sorted(str(path.relative_to(TEMPLATES)) for path in pages):
        parts = parts_of(name)
        if drawn := {part for part in parts if DRAWS.search(read(part))}:
            drawing |= {*drawn, name}
            if not any("{% chart_files " in read(part) for part in parts):
                without.append(f"{name} draws, by {', '.join(sorted(drawn))}, and offers no files")
    assert not without
    assert {"admin/emotion/lesson_climate.html", "admin/emotion/model_version.html", "emotion/live.html"} <= drawing
    assert {"emotion/_timeline.html", "emotion/_by_lesson.html", "emotion/lesson_climate.html"} <= drawing
