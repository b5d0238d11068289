"""The course Attune comes with. Its text lies beside this file: one Markdown file a lesson."""

import re
import tomllib
from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import transaction

from courses import services
from courses.models import Block, Choice, Course, Lesson, Module, Question, Quiz

HERE = Path(__file__).parent
SLUG = "calm-statistics"
INSTRUCTOR_EMAIL = "instructor@attune.example"

# module -> [(file, title, summary, minutes)]
MODULES = {
    "Describing what happened": [
        ("1-what-is-typical.md", "What is typical?", "Mean, median, and how to choose between them.", 6),
        ("2-how-spread-out.md", "How spread out?", "Two bakeries, and why a centre is half an answer.", 7),
    ],
    "Reasoning under uncertainty": [
        ("3-how-sure-can-we-be.md", "How sure can we be?", "What a poll of 1,000 people can tell.", 8),
        ("4-the-test-is-positive.md", "The test is positive", "Base rates, with a quiz at the end.", 10),
    ],
}
DESCRIPTION = """\
Numbers meet us every day: in the news, at the doctor's, in a letter from the bank. This short course gives
you four questions to ask about them. You need no mathematics beyond percentages and a square root, and every
computation is small enough to follow with a pencil.

By the end you will be able to

- choose between a mean and a median, and say why,
- describe how spread out values are, and compute a standard deviation by hand,
- read a poll with its margin, and know what the margin leaves out,
- work out what a positive test means, with a table of 1,000 people.
"""


@transaction.atomic
def seed_demo_course() -> Course:
    """Make the demo course, or return the one that is there. Its instructor, if any, teaches it."""
    course, created = Course.objects.get_or_create(
        slug=SLUG,
        defaults={
            "title": "Calm Statistics",
            "summary": "Four questions that make sense of the numbers around you. No formulas to memorise.",
            "description": DESCRIPTION,
            "status": Course.Status.PUBLISHED,
        },
    )
    if created:
        for position, (title, lessons) in enumerate(MODULES.items(), start=1):
            module = Module.objects.create(course=course, title=title, position=position)
            for lesson_position, (file, *about) in enumerate(lessons, start=1):
                _make_lesson(module, lesson_position, file, *about)
        _make_quiz(Lesson.objects.for_course(course).in_course_order().last())
    if instructor := get_user_model().objects.filter(email=INSTRUCTOR_EMAIL).first():
        services.enroll_instructor(user=instructor, course=course)
    return course


def _make_lesson(module: Module, position: int, file: str, title: str, summary: str, minutes: int) -> None:
    lesson = Lesson.objects.create(
        module=module, title=title, summary=summary, minutes=minutes, position=position, status="published"
    )
    text = (HERE / file).read_text(encoding="utf-8")
    # "## Title\n\nbody" for each block
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    for number, (heading, body) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
        Block.objects.create(lesson=lesson, title=heading.strip(), body=body.strip(), position=number)


def _make_quiz(lesson: Lesson) -> None:
    plan = tomllib.loads((HERE / "quiz.toml").read_text(encoding="utf-8"))
    block = Block.objects.create(
        lesson=lesson,
        kind=Block.Kind.QUIZ,
        title=plan["title"],
        body=plan["body"],
        position=lesson.blocks.count() + 1,
    )
    quiz = Quiz.objects.create(block=block, pass_percent=plan["pass_percent"])
    for position, asked in enumerate(plan["question"], start=1):
        _make_question(quiz, position, asked)


def _make_question(quiz: Quiz, position: int, asked: dict) -> None:
    choices = asked.pop("choices", [])
    question = Question.objects.create(quiz=quiz, position=position, **asked)
    Choice.objects.bulk_create(
        Choice(
            question=question,
            text=choice["text"],
            match=choice.get("match", ""),
            is_correct=choice.get("correct", False),
            feedback=choice.get("feedback", ""),
            position=number,
        )
        for number, choice in enumerate(choices, start=1)
    )
