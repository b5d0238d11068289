from django.utils import timezone

from courses.models import Assignment, Block, Criterion, Lesson, Submission


def make_assignment(*, lesson: Lesson, rubric: bool = False, **extra) -> Assignment:
    block = Block.objects.create(
        lesson=lesson,
        kind="assignment",
        title="An essay",
        body="Write.",
        position=lesson.blocks.count() + 1,
        rule=extra.pop("rule", "none"),
    )
    assignment = Assignment.objects.create(block=block, **extra)
    if rubric:
        for position, title in enumerate(("Clear", "Right"), start=1):
            levels = [{"points": 4, "words": "Very"}, {"points": 2, "words": "Partly"}, {"points": 0, "words": "No"}]
            Criterion.objects.create(assignment=assignment, title=title, position=position, levels=levels)
    return assignment


def make_submission(user, assignment: Assignment, *, at=None, text: str = "Work.") -> Submission:
    number = Submission.objects.filter(user=user, assignment=assignment).count() + 1
    return Submission.objects.create(
        user=user, assignment=assignment, number=number, text=text, submitted_at=at or timezone.now()
    )
