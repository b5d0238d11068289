"""Two weeks of a class in the demo course: who got how far, what they asked, handed in and were told.

Written as rows with the times they would have had, since the services write what happens now. Where a rule decides what
a row says (a quiz's score, a certificate), the service is asked.
"""

import random
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from accounts.models import User
from courses.certificates.services import issue_if_earned
from courses.models import (
    Announcement,
    Assignment,
    Block,
    Certificate,
    CertificateRule,
    Cohort,
    Course,
    Enrollment,
    LearningEvent,
    Lesson,
    Mark,
    Notification,
    Post,
    PostVote,
    Progress,
    Question,
    Quiz,
    QuizAttempt,
    Submission,
    Thread,
    ThreadSubscription,
)
from courses.quizzes.services import submit_quiz

COHORTS = ("Evening group", "Morning group")
WORDS = Path(__file__).parent / "class.toml"


@dataclass(frozen=True)
class Learner:
    """`steps` is how many lessons are done; one more is begun where `begun`. `days` is how long ago they were here."""

    user: User
    steps: int
    begun: bool
    days: int


def learners(students: list[User]) -> list[Learner]:
    """Ada has just come, Ben is halfway, Jonas (the twelfth) fell behind, one never began; the rest is spread."""
    plan: list[tuple[int, bool, int]] = [(0, False, 0), (2, True, 0)]
    plan += [(4, False, 1 + place % 4) for place in range(8)]
    plan += [(3, True, place % 3) for place in range(9)]
    plan += [(2, True, 1 + place % 4) for place in range(6)]
    plan += [(1, True, 2 + place % 2) for place in range(3)]
    plan += [(1, True, 9), (0, False, 0)]
    plan[11], plan[28] = plan[28], plan[11]
    return [Learner(user, *at) for user, at in zip(students, plan, strict=True)]


def seed_life(course: Course, people: list[Learner], teacher: User, *, now: datetime) -> bool:
    """Fill the course. False where that was done before: whoever tries the demo out may have renamed or deleted any of
    it since, and finds it so at the next start."""
    classmates = [person.user for person in people[2:]]  # Ada and Ben may have come before the class
    if Enrollment.objects.filter(course=course, user__in=classmates).exists():
        return False
    chance = random.Random("a class of thirty")
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    lessons = list(Lesson.objects.for_course(course).in_course_order().prefetch_related("blocks"))
    assignment = _add_assignment(lessons[2], words["assignment"], now)
    _enroll(course, people, now)
    _walk(course, people, lessons, chance, now)
    _hand_in(assignment, people, teacher, words["submission"], now)
    _take_quiz(people, lessons[3], chance, now)
    for thread in words["thread"]:
        _discuss(thread, lessons, {p.user.email: p.user for p in people} | {teacher.email: teacher}, now)
    _announce(course, people, teacher, words["announcement"], now)
    CertificateRule.objects.update_or_create(
        course=course, defaults={"is_on": True, "words": words["certificate"], "signatory": str(teacher)}
    )
    for person in people:
        if issue_if_earned(user=person.user, course=course):
            Certificate.objects.filter(user=person.user).update(issued_at=now - timedelta(days=person.days))
    return True


def reached_at(person: Learner, lesson_number: int, now: datetime) -> datetime:
    """When somebody was in a lesson (0 is the first): evenly from two weeks ago to when they were last here."""
    last = person.steps - (0 if person.begun else 1)
    first_day, last_day = 13, person.days
    share = lesson_number / last if last else 1
    return now - timedelta(days=first_day - (first_day - last_day) * share, hours=person.user.pk % 5)


def _enroll(course: Course, people: list[Learner], now: datetime) -> None:
    starts = (now - timedelta(days=14)).date()
    cohorts = [Cohort.objects.create(course=course, name=name, starts_on=starts) for name in COHORTS]
    Enrollment.objects.bulk_create(
        [
            Enrollment(
                user=person.user,
                course=course,
                cohort=cohorts[place % 2],
                created_at=now - timedelta(days=14 if place else 0, minutes=place),
            )
            for place, person in enumerate(people)
        ],
        ignore_conflicts=True,
    )
    LearningEvent.objects.bulk_create(
        (_event("enrolled", f"demo:{p.user.pk}", p.user, course, None, now - timedelta(days=14)) for p in people[1:]),
        ignore_conflicts=True,  # of a demo course that was deleted
    )


def _event(kind: str, key: str, user: User, course: Course, lesson: Lesson | None, at: datetime) -> LearningEvent:
    return LearningEvent(
        kind=kind, key=f"{kind}:{key}", user=user, course=course, lesson=lesson, occurred_at=at, xapi_due_at=None
    )


def _walk(course: Course, people: list[Learner], lessons: list[Lesson], chance: random.Random, now: datetime) -> None:
    progress, events = [], []
    for person in people:
        for number, lesson in enumerate(lessons[: person.steps + person.begun]):
            at = reached_at(person, number, now)
            done = at + timedelta(minutes=lesson.minutes + chance.randrange(6)) if number < person.steps else None
            blocks = list(lesson.blocks.all())
            # Of those who stopped in the second lesson, most did at the standard deviation.
            last = blocks[-1] if done else blocks[min(2, len(blocks) - 1)]
            key = f"{person.user.pk}:{lesson.pk}"
            progress.append(
                Progress(
                    user=person.user,
                    lesson=lesson,
                    last_block=last,
                    started_at=at,
                    last_seen_at=done or at + timedelta(minutes=4),
                    completed_at=done,
                )
            )
            events.append(_event("lesson_started", key, person.user, course, lesson, at))
            if done:
                events.append(_event("lesson_completed", key, person.user, course, lesson, done))
    Progress.objects.bulk_create(progress, ignore_conflicts=True)
    LearningEvent.objects.bulk_create(events, ignore_conflicts=True)


def _add_assignment(lesson: Lesson, words: dict[str, Any], now: datetime) -> Assignment:
    position = max((block.position for block in lesson.blocks.all()), default=0) + 1
    block = Block.objects.create(
        lesson=lesson, kind=Block.Kind.ASSIGNMENT, title=words["title"], body=words["body"], position=position
    )
    return Assignment.objects.create(block=block, points=10, due_at=now + timedelta(days=3))


def _hand_in(
    assignment: Assignment, people: list[Learner], teacher: User, works: list[dict[str, Any]], now: datetime
) -> None:
    """The last four wait for a mark; the others have theirs."""
    writers = [person for person in people if person.steps >= 3]
    for place, person in enumerate(writers):
        work = works[place % len(works)]
        at = reached_at(person, 2, now) + timedelta(hours=1)
        submission = Submission.objects.create(
            user=person.user, assignment=assignment, text=work["text"], saved_at=at, submitted_at=at
        )
        if place < len(writers) - 4:
            marked = min(now, at + timedelta(days=1))
            Mark.objects.create(
                submission=submission,
                points=work["points"],
                comment=work["comment"],
                marker=teacher,
                updated_at=marked,
                released_at=marked,
            )


def _take_quiz(people: list[Learner], lesson: Lesson, chance: random.Random, now: datetime) -> None:
    """The question with a number is the hard one: two in three miss it at first, taking one share for its inverse."""
    quiz = Quiz.objects.get(block__lesson=lesson)
    questions = list(quiz.questions.prefetch_related("choices"))
    for person in people:
        if person.steps < 3:
            continue
        knows = {question.pk: chance.random() < (0.3 if question.number else 0.85) for question in questions}
        tries = [knows, dict.fromkeys(knows, True)] if person.steps == 4 and not all(knows.values()) else [knows]
        for number, known in enumerate(tries):
            answers = {question.pk: _answer(question, right=known[question.pk]) for question in questions}
            attempt = submit_quiz(user=person.user, quiz=quiz, answers=answers, anyway=True)
            at = reached_at(person, 3, now) + timedelta(minutes=8 + 5 * number)
            QuizAttempt.objects.filter(pk=attempt.pk).update(
                started_at=at - timedelta(minutes=4), saved_at=at, submitted_at=at
            )
            LearningEvent.objects.filter(key=f"quiz_submitted:{attempt.pk}").update(occurred_at=at)


def _answer(question: Question, *, right: bool) -> Any:
    choices = list(question.choices.all())
    match question.kind:
        case Question.Kind.NUMERIC:
            return f"{question.number:g}" if right else "90"
        case Question.Kind.MATCHING:
            matches = [choice.match for choice in choices]
            shown = matches if right else [*matches[1:], matches[0]]
            return {str(choice.pk): match for choice, match in zip(choices, shown, strict=True)}
    return [choice.pk for choice in choices if choice.is_correct == right][: None if right else 1]


def _discuss(told: dict[str, Any], lessons: list[Lesson], people: dict[str, User], now: datetime) -> None:
    """The first answer, where there is one, is the accepted one and, by a student, endorsed."""
    lesson = lessons[told["lesson"] - 1]
    opened = now - timedelta(days=told["days"])
    thread = Thread.objects.create(
        lesson=lesson,
        block=list(lesson.blocks.all())[told["block"] - 1] if "block" in told else None,
        author=people[told["by"]],
        kind=told.get("kind", "question"),
        title=told["title"],
        is_pinned=told.get("pinned", False),
        created_at=opened,
        last_post_at=opened + timedelta(hours=3 * len(told.get("reply", []))),
    )
    Post.objects.create(thread=thread, author=people[told["by"]], is_opening=True, body=told["body"], created_at=opened)
    ThreadSubscription.objects.create(user=people[told["by"]], thread=thread)
    for number, said in enumerate(told.get("reply", []), start=1):
        at = opened + timedelta(hours=3 * number)
        post = Post.objects.create(thread=thread, author=people[said["by"]], body=said["body"], created_at=at)
        PostVote.objects.bulk_create(
            PostVote(post=post, user=user) for user in list(people.values())[3 : 3 + said.get("helped", 0)]
        )
        if said.get("accepted"):
            Thread.objects.filter(pk=thread.pk).update(accepted=post)
        if endorser := said.get("endorsed_by"):
            Post.objects.filter(pk=post.pk).update(endorsed_by=people[endorser], endorsed_at=at)


def _announce(course: Course, people: list[Learner], teacher: User, told: list[dict[str, Any]], now: datetime) -> None:
    """Sent already, so nobody gets mail; the newest is still unread."""
    for said in told:
        at = now - timedelta(days=said["days"])
        announcement = Announcement.objects.create(
            course=course,
            author=teacher,
            title=said["title"],
            body=said["body"],
            publish_at=at,
            sent_at=at,
            sent_count=len(people),
        )
        Notification.objects.bulk_create(
            Notification(
                user=person.user,
                kind="announcement",
                course=course,
                title=announcement.title,
                text=announcement.body,
                url=announcement.get_absolute_url(),
                key=f"announcement:{announcement.pk}",
                created_at=at,
                read_at=None if said is told[-1] else at + timedelta(hours=5),
                mail="off",
                mail_after=at,
            )
            for person in people
        )
