"""What the authors' pages show."""

from difflib import ndiff
from typing import Any

from django.utils.translation import gettext as _

from courses.models import Assignment, Lesson, LessonRevision

SHOWN = 50


def shown_revisions(lesson: Lesson, chosen: int | None) -> dict[str, Any]:
    """The newest revisions, the chosen one (else the newest), and what it changed against the one before."""
    rows = list(lesson.revisions.select_related("author")[:SHOWN])
    place = next((i for i, row in enumerate(rows) if row.pk == chosen), 0)
    former = rows[place + 1] if place + 1 < len(rows) else None
    return {
        "revisions": rows,
        "chosen": rows[place] if rows else None,
        "changes": changes_between(former, rows[place]) if rows else [],
        "is_newest": place == 0,
    }


def changes_between(former: LessonRevision | None, revision: LessonRevision) -> list[tuple[str, str]]:
    """Lines as ("+" or "-" or " ", text), unchanged ones only beside a change."""
    before, after = (_as_lines(row.content) if row else [] for row in (former, revision))
    lines = [(line[0], line[2:]) for line in ndiff(before, after) if line[0] in "+- "]
    near = {i + step for i, (sign, _) in enumerate(lines) if sign != " " for step in (-1, 0, 1)}
    return [line for i, line in enumerate(lines) if i in near]


def _as_lines(content: dict[str, Any]) -> list[str]:
    lines = [content["title"], *filter(None, [content["summary"]])]
    for block in content["blocks"]:
        lines += [f"## {block['title']}", *block["body"].splitlines()]
        lines += [f"{name}: {block[name]}" for name in ("alt_text", "address") if block[name]]
        for question in block.get("questions", []):
            lines += _question_lines(question)
        if "assignment" in block:
            lines += _assignment_lines(block["assignment"])
    return lines


def _assignment_lines(kept: dict[str, Any]) -> list[str]:
    lines = []
    for name, value in kept["settings"].items():
        words = _(str(Assignment._meta.get_field(name).verbose_name))
        lines.append(f"{'✓' if value else '○'} {words}" if isinstance(value, bool) else f"{words}: {value}")
    for criterion in kept["criteria"]:
        lines += [f"### {criterion['title']}"]
        lines += [f"{level['points']:g} {level['words']}" for level in criterion["levels"]]
    return lines


def _question_lines(question: dict[str, Any]) -> list[str]:
    lines = [_("Question, points: %(points)s") % {"points": question["points"]}, *question["prompt"].splitlines()]
    for choice in question["choices"]:
        pair = f" = {choice['match']}" if choice["match"] else ""
        lines.append(f"{'✓' if choice['is_correct'] else '○'} {choice['text']}{pair}")
        lines += [f"  {choice['feedback']}"] if choice["feedback"] else []
    lines += [f"✓ {form}" for form in question["accepted"].splitlines()]
    if question["number"] is not None:
        lines.append(f"✓ {question['number']:.15g} ± {question['tolerance']:.15g}")
    return lines + question["explanation"].splitlines()
