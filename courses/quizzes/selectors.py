"""A quiz as a lesson's page shows it: before, during or after an attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from courses.markdown import render
from courses.quizzes import gaps, layouts, scoring
from courses.quizzes.authoring import problems as authoring_problems
from courses.quizzes.layouts import Kind, Slot
from courses.quizzes.limits import Limits, limits_for
from courses.quizzes.models import Choice, Question, Quiz, QuizAccommodation, QuizAttempt, ShowAnswers

LATEST = 5  # attempts that the page leads to


@dataclass
class ShownChoice:
    choice: Choice
    picked: bool


@dataclass
class ShownPart:
    """A field of a question that has several: a pair, an item to put in order, a gap."""

    name: str
    label: str
    given: str
    right: str
    is_right: bool


@dataclass
class ShownQuestion:
    slot: Slot
    number: int
    answer: object
    problem: str
    share: float | None  # None before it is scored
    prompt: SafeString
    marks: bool  # whether what is right may be seen
    choices: list[ShownChoice] = field(default_factory=list)
    parts: list[ShownPart] = field(default_factory=list)

    @property
    def question(self) -> Question:
        return self.slot.question

    @property
    def explanation(self) -> SafeString:
        return render(self.question.explanation)

    @property
    def form_template(self) -> str:
        return f"courses/quizzes/_ask_{_family(self.question.kind)}.html"

    @property
    def result_template(self) -> str:
        return f"courses/quizzes/_told_{_family(self.question.kind)}.html"

    @property
    def is_multiple(self) -> bool:
        return self.question.kind == Kind.MULTIPLE

    @property
    def is_text(self) -> bool:
        return self.question.kind == Kind.TEXT

    @property
    def is_right(self) -> bool:
        return self.share == 1

    @property
    def points(self) -> float:
        return short((self.share or 0) * self.slot.points)

    @property
    def places(self) -> range:
        return range(1, len(self.slot.choices) + 1)

    @property
    def right_words(self) -> str:
        """The right answer to a text or a number."""
        if self.is_text:
            return "; ".join(self.question.accepted_forms)
        number, tolerance = self.question.number, self.question.tolerance
        return f"{number:.15g} ± {tolerance:.15g}" if tolerance else f"{number:.15g}"


def short(points: float) -> float:
    """4, 4.5 or 4.33 as a page shows it."""
    points = round(points, 2)
    return int(points) if points == int(points) else points


def _family(kind: str) -> str:
    shared: dict[str, str] = {
        Kind.SINGLE: "choices",
        Kind.MULTIPLE: "choices",
        Kind.TRUE_FALSE: "choices",
        Kind.TEXT: "text",
        Kind.NUMERIC: "text",
    }
    return shared.get(kind, kind)


@dataclass
class ShownQuiz:
    """`state`: "form" to answer, "result" of `attempt`, or a gate: "begin", "early", "closed", "used_up"."""

    quiz: Quiz
    state: str
    limits: Limits
    number: int
    questions: list[ShownQuestion] = field(default_factory=list)
    attempt: QuizAttempt | None = None  # the result to show
    open_attempt: QuizAttempt | None = None
    done: list[QuizAttempt] = field(default_factory=list)
    preview: bool = False
    marks: bool = True
    marks_from: datetime | None = None  # when what is right will be seen
    left_out: list[str] = field(default_factory=list)  # for the author: questions no student sees, and why

    @property
    def latest(self) -> list[QuizAttempt]:
        return self.done[-LATEST:]

    @property
    def best_percent(self) -> int | None:
        return max((attempt.score_percent for attempt in self.done), default=None)

    @property
    def is_passed(self) -> bool:
        return self.best_percent is not None and self.best_percent >= self.quiz.pass_percent

    @property
    def is_next(self) -> bool:
        """The next step on the page is the quiz's."""
        return self.state in ("form", "begin") and not self.is_passed

    @property
    def right_count(self) -> int:
        return sum(question.is_right for question in self.questions)

    @property
    def counts_points(self) -> bool:
        """ "3 of 4 right" tells all only when each question is worth one point and is either right or wrong."""
        return any(asked.slot.points != 1 or asked.share not in (0, 1) for asked in self.questions)

    @property
    def points(self) -> float | None:
        return short(self.attempt.points) if self.attempt else None

    @property
    def max_points(self) -> float | None:
        return short(self.attempt.max_points) if self.attempt else None

    @property
    def unanswered(self) -> list[ShownQuestion]:
        return [question for question in self.questions if question.problem]

    @property
    def minutes(self) -> float | None:
        return self.limits.time.total_seconds() / 60 if self.limits.time else None

    @property
    def whole_minutes(self) -> int:
        """For the plural."""
        return ceil(self.minutes or 0)

    @property
    def used(self) -> int:
        return len(self.done) + bool(self.open_attempt)

    @property
    def attempts_left(self) -> int | None:
        return None if self.limits.attempts is None else max(0, self.limits.attempts - self.used)

    @property
    def may_answer_again(self) -> bool:
        return self.preview or (
            self.attempts_left != 0 and not self.limits.is_closed(timezone.now()) and not self.open_attempt
        )

    @property
    def seconds_left(self) -> int | None:
        if self.state != "form" or not self.open_attempt or not self.open_attempt.deadline or self.preview:
            return None
        return max(0, int((self.open_attempt.deadline - timezone.now()).total_seconds()))


def shown_quiz(
    user: User,
    quiz: Quiz,
    *,
    attempt: QuizAttempt | None = None,
    answers: Mapping[str, object] | None = None,
    problems: Mapping[int, str] | None = None,
    preview: bool = False,
) -> ShownQuiz:
    """The quiz as it stands for this person, or the result of an `attempt`. A `preview` knows no limits and no attempts
    but the one given; its `answers` come with the form. At most 8 queries."""
    if preview:
        slots = layouts.stored(attempt) if attempt else layouts.preview(user, quiz)
        shown = ShownQuiz(
            quiz, "result" if attempt else "form", limits_for(user, quiz), 1, attempt=attempt, preview=True
        )
        shown.left_out = [] if attempt else _left_out(quiz)
        kept = attempt.answers if attempt else answers or {}
        shown.questions = _shown(slots, kept, attempt=attempt, problems=problems or {}, marks=True)
        return shown

    limits = limits_for(user, quiz)
    mine = QuizAttempt.objects.of(user, quiz)
    done = list(mine.submitted().defer("layout", "answers", "results").order_by("number"))
    open_attempt = mine.unsubmitted().first()
    number = open_attempt.number if open_attempt else max((row.number for row in done), default=0) + 1
    shown = ShownQuiz(quiz, "form", limits, number, open_attempt=open_attempt, done=done, attempt=attempt)
    now = timezone.now()
    if attempt:
        shown.state = "result"
        shown.marks_from = _marks_from(quiz, now)
        shown.marks = shown.marks_from is None and quiz.show_answers != ShowAnswers.NEVER
        slots = layouts.stored(attempt)
        shown.questions = _shown(slots, attempt.answers, attempt=attempt, problems={}, marks=shown.marks)
        return shown
    if not open_attempt:
        shown.state = _gate(quiz, limits, shown, now)
    if shown.state == "form":
        slots = layouts.stored(open_attempt) if open_attempt else layouts.draw(quiz, user_id=user.pk, number=number)
        kept = open_attempt.answers if open_attempt else {}
        shown.questions = _shown(slots, kept, attempt=None, problems=problems or {}, marks=False)
    return shown


def _gate(quiz: Quiz, limits: Limits, shown: ShownQuiz, now: datetime) -> str:
    if limits.is_early(now):
        return "early"
    if limits.is_closed(now):
        return "closed"
    if shown.attempts_left == 0:
        return "used_up"
    return "begin" if quiz.has_beginning else "form"


def _marks_from(quiz: Quiz, now: datetime) -> datetime | None:
    """When what is right will be seen, if not yet: once it has closed for everyone, those with more time too."""
    if quiz.show_answers != ShowAnswers.AFTER_CLOSING or not quiz.closes_at:
        return None
    latest = QuizAccommodation.objects.for_quiz(quiz).aggregate(latest=Max("closes_at"))["latest"]
    closed = max(quiz.closes_at, latest or quiz.closes_at)
    return closed if now < closed else None


def _left_out(quiz: Quiz) -> list[str]:
    """For the teacher who looks at the quiz."""
    return [
        _("“%(question)s” is left out: %(problem)s") % {"question": question, "problem": found[0]}
        for question in quiz.questions.prefetch_related("choices")
        if (found := authoring_problems(question))
    ]


def _shown(
    slots: list[Slot],
    kept: Mapping[str, Any],
    *,
    attempt: QuizAttempt | None,
    problems: Mapping[int, str],
    marks: bool,
) -> list[ShownQuestion]:
    return [_shown_question(i, slot, kept, attempt, problems, marks) for i, slot in enumerate(slots, start=1)]


def _shown_question(
    number: int,
    slot: Slot,
    kept: Mapping[str, Any],
    attempt: QuizAttempt | None,
    problems: Mapping[int, str],
    marks: bool,
) -> ShownQuestion:
    question = slot.question
    answer = kept.get(str(question.pk))
    share = attempt.results.get(str(question.pk), 0.0) if attempt else None
    shown = ShownQuestion(slot, number, answer, problems.get(question.pk, ""), share, SafeString(""), marks)
    if question.kind in (Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE):
        picked = answer if isinstance(answer, list) else []
        shown.choices = [ShownChoice(choice, choice.pk in picked) for choice in slot.choices]
    shown.parts = _parts(slot, answer)
    if question.kind != Kind.FILL:
        shown.prompt = render(question.prompt)
    elif attempt:
        shown.prompt = gaps.filled(question.prompt, shown.parts, marks=marks)
    else:
        shown.prompt = gaps.to_fill(question.prompt, shown.parts)
    return shown


def _parts(slot: Slot, answer: Any) -> list[ShownPart]:
    question, base = slot.question, f"q-{slot.question.pk}"
    if question.kind == Kind.MATCHING:
        given = answer or {}
        rows = [(left.text, given.get(str(left.pk), ""), left.match) for left in slot.lefts]
    elif question.kind == Kind.ORDERING:
        given = {int(pk): str(place) for pk, place in (answer or {}).items()}
        right = {choice.pk: str(place) for place, choice in enumerate(question.choices.all(), start=1)}
        rows = [(item.text, given.get(item.pk, ""), right[item.pk]) for item in slot.choices]
    elif question.kind == Kind.FILL:
        accepted = scoring.gaps_of(question.prompt)
        given = [*(answer or []), *[""] * len(accepted)]
        return [
            ShownPart(
                f"{base}-{i}",
                _("Gap %(number)s") % {"number": i + 1},
                given[i],
                forms[0] if forms else "",
                scoring.share_of_text(given[i], forms, exact=question.exact) == 1,
            )
            for i, forms in enumerate(accepted)
        ]
    else:
        return []
    return [ShownPart(f"{base}-{i}", text, got, want, got == want) for i, (text, got, want) in enumerate(rows)]
