from datetime import datetime

from courses.models import Assignment, Block, Lesson


def make_assignment(lesson: Lesson, *, due_at: datetime | None, title: str = "Essay", **extra) -> Assignment:
    block = Block.objects.create(
        lesson=lesson, kind="assignment", title=title, body="Write it.", position=lesson.blocks.count() + 1
    )
    return Assignment.objects.create(block=block, due_at=due_at, **extra)
