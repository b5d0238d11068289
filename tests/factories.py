"""Rows for tests. Each function makes a valid one; arguments override what the test is about."""

from itertools import count

from accounts.models import User
from courses.models import Block, Choice, Course, Enrollment, Lesson, Module, Question, Quiz

PASSWORD = "quiet-study-lamp"
_number = count(1)


def make_user(name: str = "alice", *, password: str | None = None, **extra) -> User:
    """`make_user("alice")` is alice@example.org, shown as Alice, whose password is PASSWORD."""
    email = extra.pop("email", f"{name.lower()}@example.org")
    extra.setdefault("display_name", name.capitalize())
    return User.objects.create_user(email, password or PASSWORD, **extra)


def make_instructor(name: str = "ines", **extra) -> User:
    return make_user(name, is_staff=True, **extra)


def make_admin(name: str = "admin", **extra) -> User:
    return make_user(name, is_staff=True, is_superuser=True, **extra)


def make_course(
    title: str | None = None,
    *,
    modules: int = 1,
    lessons: int = 2,
    blocks: int = 2,
    instructor: User | None = None,
    status: str = "published",
    **extra,
) -> Course:
    """A course of `modules`, each with `lessons` published lessons, each with `blocks` text blocks."""
    number = next(_number)
    title = title or f"Course {number}"
    extra.setdefault("slug", f"course-{number}")
    extra.setdefault("summary", f"What {title} is about.")
    course = Course.objects.create(title=title, status=status, **extra)
    for module_position in range(1, modules + 1):
        module = Module.objects.create(course=course, title=f"Module {module_position}", position=module_position)
        for position in range(1, lessons + 1):
            make_lesson(module=module, position=position, blocks=blocks)
    if instructor:
        enroll(instructor, course, role="instructor")
    return course


def make_lesson(*, module: Module | None = None, position: int = 1, blocks: int = 2, **extra) -> Lesson:
    module = module or make_course(lessons=0).modules.get()
    extra.setdefault("title", f"Lesson {module.position}.{position}")
    extra.setdefault("status", "published")
    lesson = Lesson.objects.create(module=module, position=position, **extra)
    for block_position in range(1, blocks + 1):
        Block.objects.create(
            lesson=lesson,
            title=f"Block {block_position}",
            body=f"Text of block {block_position}.",
            position=block_position,
        )
    return lesson


def make_quiz(*, lesson: Lesson, questions: int = 2, choices: int = 3, pass_percent: int = 70, **extra) -> Quiz:
    """The first choice of each question is the right one. `extra`: the quiz's limits and the like."""
    block = Block.objects.create(lesson=lesson, kind="quiz", title="Check yourself", position=lesson.blocks.count() + 1)
    quiz = Quiz.objects.create(block=block, pass_percent=pass_percent, **extra)
    for position in range(1, questions + 1):
        question = Question.objects.create(
            quiz=quiz, prompt=f"Question {position}?", explanation=f"Because {position}.", position=position
        )
        Choice.objects.bulk_create(
            Choice(
                question=question,
                text=f"Choice {position}.{number}",
                is_correct=number == 1,
                feedback=f"Feedback {position}.{number}",
                position=number,
            )
            for number in range(1, choices + 1)
        )
    return quiz


def enroll(user: User, course: Course, *, role: str = "student", status: str = "active") -> Enrollment:
    return Enrollment.objects.create(user=user, course=course, role=role, status=status)


def right_answers(quiz: Quiz) -> dict[int, list[int]]:
    return {
        question.pk: [choice.pk for choice in question.choices.filter(is_correct=True)]
        for question in quiz.questions.all()
    }
