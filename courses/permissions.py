"""Who may do what to a course and its parts. `has_perm("courses.change_lesson", lesson)` ends up here."""

import rules

from courses.models import Course

# What is read in the admin, and written on its own page.
READ_ONLY_PARTS = ("thread", "announcement")
PARTS = (
    *("module", "lesson", "block", "quiz", "question", "choice"),
    *("questionpool", "quizdraw", "quizaccommodation", "assignment", "criterion"),
    *("cohort", "invitation", "cohortlessondate"),
)


@rules.predicate
def is_instructor(user) -> bool:
    return user.is_active and user.is_staff


@rules.predicate
def is_administrator(user) -> bool:
    return user.is_active and user.is_superuser


@rules.predicate
def teaches(user, row) -> bool:
    """Without a row the question is whether they may teach at all; the queryset then limits what they see."""
    if row is None:
        return True
    return (row if isinstance(row, Course) else row.course).is_taught_by(user)


for part in PARTS:
    rules.add_perm(f"courses.add_{part}", is_instructor & teaches)
    rules.add_perm(f"courses.view_{part}", is_instructor & teaches)
    rules.add_perm(f"courses.change_{part}", is_instructor & teaches)
    rules.add_perm(f"courses.delete_{part}", is_instructor & teaches)

for part in READ_ONLY_PARTS:
    rules.add_perm(f"courses.view_{part}", is_instructor & teaches)

rules.add_perm("courses.add_course", is_instructor)
rules.add_perm("courses.view_course", is_instructor & teaches)
rules.add_perm("courses.change_course", is_instructor & teaches)
# Deleting a course deletes what its students did there; instructors archive instead.
rules.add_perm("courses.delete_course", is_administrator)

# People enroll themselves; an instructor changes the role or status of those who did.
rules.add_perm("courses.add_enrollment", is_administrator)
rules.add_perm("courses.view_enrollment", is_instructor & teaches)
rules.add_perm("courses.change_enrollment", is_instructor & teaches)
rules.add_perm("courses.delete_enrollment", is_administrator)

# Attempts are their students' own work: nobody writes them by hand.
rules.add_perm("courses.view_quizattempt", is_instructor & teaches)
rules.add_perm("courses.delete_quizattempt", is_administrator)
