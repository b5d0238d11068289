"""Item analysis: how a quiz's questions work, from the first submitted attempt of each student."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt

from courses.quizzes.models import Choice, Question, QuestionKind, Quiz, QuizAttempt

FEWEST = 5  # students, of the quiz and of a question: below that nothing is told
CHOOSING = (QuestionKind.SINGLE, QuestionKind.MULTIPLE, QuestionKind.TRUE_FALSE)
WEAK, HARD, EASY = 0.2, 1 / 3, 0.9


@dataclass
class ChoiceCount:
    choice: Choice
    upper: int
    lower: int
    all: int


@dataclass
class Item:
    question: Question
    n: int
    difficulty: float | None = None  # mean share of the points, 0..1; higher is easier
    discrimination: float | None = None  # -1..1; None where it is undefined
    upper_n: int = 0
    lower_n: int = 0
    choices: list[ChoiceCount] = field(default_factory=list)

    @property
    def difficulty_percent(self) -> int | None:
        return None if self.difficulty is None else round(100 * self.difficulty)

    @property
    def notes(self) -> list[str]:
        """What the figures suggest looking at, in words for the author."""
        if self.difficulty is None:
            return []
        found = []
        if self.discrimination is not None and self.discrimination < 0:
            found.append("negative")
        elif self.discrimination is not None and self.discrimination < WEAK:
            found.append("weak")
        if self.difficulty < HARD:
            found.append("hard")
        if self.difficulty > EASY:
            found.append("easy")
        if any(not shown.choice.is_correct and shown.upper > shown.lower for shown in self.choices):
            found.append("lures")
        if any(not shown.choice.is_correct and not shown.all for shown in self.choices):
            found.append("idle")
        return found


@dataclass
class Analysis:
    students: int
    mean_percent: float | None = None
    items: list[Item] = field(default_factory=list)


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's r; None where one side does not vary."""
    n = len(xs)
    mean_x, mean_y = sum(xs) / n, sum(ys) / n
    xx = sum((x - mean_x) ** 2 for x in xs)
    yy = sum((y - mean_y) ** 2 for y in ys)
    if xx < 1e-12 or yy < 1e-12:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sqrt(xx * yy)


def discrimination(shares: Sequence[float], rests: Sequence[float]) -> float | None:
    """The corrected item-total correlation: Pearson's r between the share of a question's points and the points on the
    rest of the quiz,

        r = cov(x, T - x) / (sd(x) sd(T - x))

    where T is the total. With x in {0, 1} this is the point-biserial; the total is without the item itself, which
    otherwise correlates with itself and flatters short quizzes. Source: S. Henrysson (1963), "Correction of item-total
    correlations in item analysis", Psychometrika 28, 211-218.
    """
    return correlation(shares, rests)


def analyse(quiz: Quiz) -> Analysis:
    """Three queries for any number of students and questions: the attempts, their questions, the choices."""
    first: dict[int, QuizAttempt] = {}
    for attempt in QuizAttempt.objects.submitted().filter(quiz=quiz).exclude(results={}).order_by("number"):
        first.setdefault(attempt.user_id, attempt)
    taken = list(first.values())
    if len(taken) < FEWEST:
        return Analysis(len(taken))

    # By total, best first; of equal totals the earlier hand-in stands first. The middle one of an odd number is in
    # neither half.
    taken.sort(key=lambda attempt: (-_total(attempt), attempt.submitted_at, attempt.pk))
    half = len(taken) // 2
    upper, lower = taken[:half], taken[-half:]
    asked = Counter(int(pk) for attempt in taken for pk in attempt.results)
    questions = Question.objects.prefetch_related("choices").in_bulk(list(asked))
    items = [_item(question, taken, upper, lower) for question in questions.values()]
    items.sort(key=lambda item: (item.question.quiz_id is None, item.question.position, item.question.pk))
    return Analysis(len(taken), 100 * sum(map(_total, taken)) / len(taken), items)


def _total(attempt: QuizAttempt) -> float:
    """In 0..1, so that attempts with other questions drawn are comparable."""
    return attempt.points / attempt.max_points if attempt.max_points else 1.0


def _item(question: Question, taken: list, upper: list, lower: list) -> Item:
    key = str(question.pk)
    got = [attempt for attempt in taken if key in attempt.results]
    item = Item(question, len(got))
    if len(got) < FEWEST:
        return item
    shares = [attempt.results[key] for attempt in got]
    item.difficulty = sum(shares) / len(shares)
    item.discrimination = discrimination(shares, [_rest(attempt, key) for attempt in got])
    if question.kind in CHOOSING:
        of_upper, of_lower, of_all = (_picks(attempts, key) for attempts in (upper, lower, got))
        item.upper_n, item.lower_n = (sum(key in attempt.results for attempt in half) for half in (upper, lower))
        item.choices = [ChoiceCount(c, of_upper[c.pk], of_lower[c.pk], of_all[c.pk]) for c in question.choices.all()]
    return item


def _rest(attempt: QuizAttempt, key: str) -> float:
    """Points on the other questions, as a share of what they are worth: with the same questions for all this is T - x
    but for a factor, which a correlation does not see."""
    worth = {
        str(pk): points for pk, _choices, points in attempt.layout if str(pk) in attempt.results and str(pk) != key
    }
    total = sum(worth.values())
    return sum(attempt.results[pk] * points for pk, points in worth.items()) / total if total else 0.0


def _picks(attempts: list, key: str) -> Counter:
    return Counter(pk for attempt in attempts if key in attempt.results for pk in attempt.answers.get(key, ()))
