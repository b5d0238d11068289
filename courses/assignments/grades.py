"""What the gradebook is told: released marks alone, of each person the best."""

from courses.assignments import late
from courses.assignments.models import Assignment, Mark
from courses.assignments.services import most_points
from courses.grade_items import GradeItem


def items(course) -> list[GradeItem]:
    """Two queries."""
    published = Assignment.objects.present().for_course(course).filter(block__lesson__status="published")
    rows = published.select_related("block").prefetch_related("criteria")
    return [
        GradeItem(
            f"assignment-{row.pk}",
            row.block.title,
            "assignment",
            row.block_id,
            most_points(row),
            row.get_absolute_url(),
        )
        for row in rows.order_by("block__lesson__module__position", "block__lesson__position", "block__position", "pk")
    ]


def scores(course, user_ids=None, items=None) -> dict[tuple[str, int], float]:
    """(item's key, user's id) -> points. One query."""
    marks = Mark.objects.exclude(released_at=None).filter(submission__assignment__block__lesson__module__course=course)
    if user_ids is not None:
        marks = marks.filter(submission__user__in=user_ids)
    rows = marks.values_list(
        "submission__assignment_id",
        "submission__user_id",
        "points",
        "submission__submitted_at",
        "submission__assignment__due_at",
        "submission__assignment__late_percent",
    )  # as `Mark.final_points`, without three models for each of a class's thousands of marks
    best: dict[tuple[str, int], float] = {}
    for assignment_id, user_id, points, submitted_at, due_at, late_percent in rows:
        place = (f"assignment-{assignment_id}", user_id)
        best[place] = max(
            best.get(place, 0.0), late.reduced(points, late.days_late(due_at, submitted_at), late_percent)
        )
    return best
