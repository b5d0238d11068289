"""Reads of the emotion history. They read buckets only, so their cost does not grow with the frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Block, Course, Lesson
from emotion.class_sums import COUNTS, Place, Sums, sum_class
from emotion.core import crowd
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.models import ClassHistory, EmotionBucket, LessonSession

SMALLEST_GROUP = crowd.SMALLEST
BUCKET_SECONDS = 10
_SUMS = {f"sum_{name}": Sum(name) for name in (*COUNTS, *EXPRESSIONS, *COUNTED_STATES)}


def own_timeline(*, user: User, lesson: Lesson, edition: int | None = None) -> dict[str, Any]:
    """A student's own history of a lesson, by place: of one `edition` of it, else of the newest that they were read in.
    `editions` lists all of those, the newest first."""
    mine = EmotionBucket.objects.visible_to(user).filter(session__lesson=lesson, edition__lte=lesson.edition)
    by_edition: dict[int, list[dict[str, Any]]] = {}
    for row in mine.values("edition", "block_number", "place").annotate(**_SUMS):
        by_edition.setdefault(row["edition"], []).append(_point(row))
    editions = sorted(by_edition, reverse=True)
    shown = edition or (editions[0] if editions else lesson.edition)
    # What was taken out of the lesson since still has its name in a former edition.
    blocks = Block.with_removed.filter(lesson=lesson) if shown != lesson.edition else None
    timeline = _timeline(lesson, by_edition.get(shown, []), blocks)
    return {"edition": shown, "editions": editions, **timeline}


def own_course(*, user: User, course: Course) -> list[dict[str, Any]]:
    """A student's own history of a course: an entry for each lesson that they see or have a history in."""
    buckets = EmotionBucket.objects.visible_to(user).filter(
        session__lesson__module__course=course, edition__lte=F("session__lesson__edition")
    )
    return by_lesson(lessons_with_own_history(user).for_course(course).in_course_order(), buckets)


def by_lesson(lessons: Iterable[Lesson], buckets: QuerySet) -> list[dict[str, Any]]:
    """What these buckets add up to, an entry for each of the lessons as `_entry` makes it: of the newest `edition` that
    is among them, None for none; `is_former` says that the lesson was rewritten since."""
    sums = buckets.values("session__lesson", "edition").annotate(**_SUMS).order_by("edition")
    found = {row["session__lesson"]: row for row in sums}  # the last one stays
    entries = []
    for lesson in lessons:
        row = found.get(lesson.pk)
        edition = row and row["edition"]
        of = {"edition": edition, "is_former": bool(edition and edition < lesson.edition)}
        entries.append({**_entry(lesson, row and _measures(row)), **of})
    return entries


def lessons_with_own_history(user: User) -> QuerySet[Lesson]:
    """Those one sees, and those that one has left with a history in them: it stays one's own. A lesson that is a draft
    again hides its title, and comes back with it."""
    held = LessonSession.objects.visible_to(user).filter(lesson=OuterRef("pk"))
    left = Q(pk__in=Lesson.objects.published().values("pk")) & Exists(held)
    return Lesson.objects.filter(Q(pk__in=Lesson.objects.visible_to(user).values("pk")) | left)


def courses_with_own_history(user: User) -> QuerySet[Course]:
    """The same of courses: those one takes, whatever the role, and those that one has left."""
    taken = Course.objects.visible_to(user).enrolled_by(user)
    held = LessonSession.objects.visible_to(user).filter(lesson__module__course=OuterRef("pk"))
    return Course.objects.filter(Q(pk__in=taken.values("pk")) | Exists(held))


def courses_left_with_history(user: User) -> QuerySet[Course]:
    """Those that this person takes no more, and that hold a history of theirs."""
    return (
        courses_with_own_history(user).exclude(pk__in=Course.objects.enrolled_by(user).values("pk")).order_by("title")
    )


def shared_timeline(*, viewer: User, student_id: int, lesson: Lesson) -> dict[str, Any]:
    """The history that one student shares with those who teach them; empty without sharing."""
    sessions = LessonSession.objects.shared_with(viewer).filter(lesson=lesson, user_id=student_id)
    return _timeline(lesson, _points(lesson, EmotionBucket.objects.filter(session__in=sessions)))


def students_who_share(*, viewer: User, lesson: Lesson) -> list[dict[str, Any]]:
    """The students of a lesson whose history this instructor may read: [{"id", "name"}]."""
    rows = (
        LessonSession.objects.shared_with(viewer)
        .filter(Exists(EmotionBucket.objects.filter(session=OuterRef("pk"))), lesson=lesson)
        .values_list("user_id", "user__display_name", "user__email")
        .distinct()
        .order_by("user__display_name", "user_id")
    )
    return [{"id": pk, "name": name or email.partition("@")[0]} for pk, name, email in rows]


def class_timeline(*, lesson: Lesson) -> dict[str, Any]:
    """A class's history of a lesson: each student once at each place, let in five and more at a time. A place without
    five is left out, and so is the whole lesson; `students` is None then. As it was `as_of`: some minutes ago."""
    history = ClassHistory.objects.filter(lesson=lesson, edition=lesson.edition, points__isnull=False).first()
    if history:
        students, points, as_of = history.students, history.points, history.put_together_at
    else:
        [(students, points)], as_of = sum_classes([lesson]).values(), timezone.now()
    if students is None:
        return {"students": None, "points": [], "blocks": []}
    return {"students": students, "as_of": as_of, **_timeline(lesson, points)}


def class_course(*, course: Course) -> list[dict[str, Any]]:
    """A class's history of a course: an entry for each lesson, with `students` and `as_of`, both None below five.

    An entry adds up the places that the lesson's own history shows. Those of fewer than five students are not in it,
    so nobody finds them out by subtracting.
    """
    lessons = list(Lesson.objects.for_course(course).in_course_order())
    kept = ClassHistory.objects.filter(lesson__in=lessons, edition=F("lesson__edition"), points__isnull=False)
    found = {pk: rest for pk, *rest in kept.values_list("lesson", "students", "total", "put_together_at")}
    if missing := [lesson for lesson in lessons if lesson.pk not in found]:
        now = timezone.now()
        found |= {pk: (students, total(points), now) for pk, (students, points) in sum_classes(missing).items()}
    entries = []
    for lesson in lessons:
        students, measures, as_of = found[lesson.pk]
        shown = {"students": students, "as_of": as_of} if students else {"students": None, "as_of": None}
        entries.append({**_entry(lesson, measures if students else None), **shown})
    return entries


def sum_classes(lessons: list[Lesson]) -> dict[int, tuple[int | None, list[dict[str, Any]]]]:
    """{lesson id: (how many students its history is of, its points)}, and (None, []) below five. Over a thousand
    students this takes longer than a page may: see `class_history`."""
    read = LessonSession.objects.filter(Exists(EmotionBucket.objects.filter(session=OuterRef("pk"))))
    with_history = set(read.filter(lesson__in=lessons).order_by().values_list("lesson", flat=True).distinct())
    summed: dict[int, tuple[int | None, list[dict[str, Any]]]] = {}
    for lesson in lessons:
        students, places = sum_class(lesson) if lesson.pk in with_history else (0, {})
        summed[lesson.pk] = (students or None, [_class_point(place, sums) for place, sums in places.items()])
    return summed


def _class_point(place: Place, sums: Sums) -> dict[str, Any]:
    """How many students were judged, and to how many a place looked confused: at least so many, as crowd.told has it,
    and None for fewer than a group. Shares are veiled as well: where all but one or two agree, that is not told."""
    block, tens = place
    measures = _measures({f"sum_{name}": value for name, value in sums.columns.items()})
    if measures["states"]:
        measures["states"] = crowd.veil(measures["states"], sums.judged, rest="unsure")
    if measures["expressions"]:
        measures["expressions"] = crowd.veil(measures["expressions"], sums.seen, apart=1)
    return {
        "block": block,
        "seconds": tens * BUCKET_SECONDS,
        **measures,
        "judged": sums.judged or None,
        "looked_confused": crowd.told(sums.looked_confused, sums.judged).start or None if sums.judged else None,
    }


def _points(lesson: Lesson, buckets: QuerySet) -> list[dict[str, Any]]:
    """The places of the lesson's present edition, in no order."""
    places = buckets.filter(edition=lesson.edition).values("block_number", "place").annotate(**_SUMS)
    return [_point(row) for row in places]


def _point(row: dict[str, Any]) -> dict[str, Any]:
    return {"block": row["block_number"], "seconds": row["place"] * BUCKET_SECONDS, **_measures(row)}


def _measures(row: dict[str, Any]) -> dict[str, Any]:
    """Counts; the mean of each expression over the faces, or None for all of them; how many windows of ten seconds
    were judged, and the share of them that looked like each learning state, or None for all of them."""
    faces = row["sum_faces"]
    windows = sum(row[f"sum_{state}"] for state in COUNTED_STATES)
    return {
        **{name: row[f"sum_{name}"] for name in COUNTS},
        "expressions": {name: round(row[f"sum_{name}"] / faces, 4) for name in EXPRESSIONS} if faces else None,
        "windows": windows,
        "states": {name: round(row[f"sum_{name}"] / windows, 4) for name in COUNTED_STATES} if windows else None,
    }


def total(points: list[dict[str, Any]]) -> dict[str, Any]:
    """Points as one."""
    return {
        **{name: sum(point[name] for point in points) for name in (*COUNTS, "windows")},
        "expressions": _rounded(_mean(points, "expressions", "faces")),
        "states": _rounded(_mean(points, "states", "windows")),
    }


def _mean(points: Iterable[dict[str, Any]], measure: str, weight: str) -> dict[str, float] | None:
    read = [point for point in points if point[measure]]
    if not read:
        return None
    weights = sum(point[weight] for point in read)
    return {name: sum(p[measure][name] * p[weight] for p in read) / weights for name in read[0][measure]}


def _rounded(mean: dict[str, float] | None) -> dict[str, float] | None:
    return {name: round(value, 4) for name, value in mean.items()} if mean else None


def _entry(lesson: Lesson, measures: dict[str, Any] | None) -> dict[str, Any]:
    """A lesson in the history of a course; without measures, all of them are None."""
    nothing = dict.fromkeys((*COUNTS, "expressions", "windows", "states"))
    return {"lesson": lesson.pk, "title": lesson.title, **(measures or nothing)}


def _timeline(lesson: Lesson, points: list[dict[str, Any]], of: QuerySet[Block] | None = None) -> dict[str, Any]:
    """{"blocks": [{"number", "title"}], "points": [...]}: points in the order of the lesson. Its blocks are
    those that it has now; given others, those of them that have a point."""
    rows = list((lesson.blocks if of is None else of).values_list("pk", "title"))
    met = {point["block"] for point in points}
    blocks = [{"number": pk, "title": title} for pk, title in rows if of is None or pk in met]
    order = {block["number"]: index for index, block in enumerate(blocks)}
    points = sorted(points, key=lambda point: (order.get(point["block"], len(order)), point["seconds"]))
    return {"blocks": blocks, "points": points}


def describe_timeline(points: Iterable[dict[str, Any]]) -> str:
    """One sentence about a timeline, for the page and for those who cannot see the chart."""
    mean = _mean(points, "expressions", "faces")
    if mean is None:
        return ""
    first, second = sorted(mean, key=lambda name: -mean[name])[:2]
    return _("Mostly %(first)s (%(most)s%%), then %(second)s (%(less)s%%).") % {
        "first": _(first),
        "most": round(100 * mean[first]),
        "second": _(second),
        "less": round(100 * mean[second]),
    }


def describe_states(points: Iterable[dict[str, Any]]) -> str:
    """One sentence about the learning states of a timeline; empty where no window was judged."""
    mean = _mean(points, "states", "windows")
    if mean is None:
        return ""
    told = sorted((name for name in COUNTED_STATES[:-1] if mean[name] >= 0.005), key=lambda name: -mean[name])
    if not told:
        return _("There was no telling how it went.")
    return _("Looked %(states)s of the time; %(unsure)s%% of the time there was no telling.") % {
        "states": _(", ").join(f"{_(name)} {mean[name]:.0%}" for name in told),
        "unsure": round(100 * mean["unsure"]),
    }


def table_rows(timeline: dict[str, Any]) -> list[dict[str, Any]]:
    """A timeline as a table: what a chart shows, for reading."""
    titles = {block["number"]: block["title"] for block in timeline["blocks"]}
    return [
        {
            "block": titles.get(point["block"], _("Elsewhere")),
            "place": f"{point['seconds'] // 60}:{point['seconds'] % 60:02d}",
            **_row(point),
        }
        for point in timeline["points"]
    ]


def course_rows(lessons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The history of a course as a table, of the lessons with something to show."""
    return [{**entry, **_row(entry)} for entry in lessons if entry["faces"] is not None]


def _row(measures: dict[str, Any]) -> dict[str, Any]:
    means, states = measures["expressions"], measures["states"]
    return {
        "faces": measures["faces"],
        "other": measures["no_face"] + measures["several_faces"] + measures["unclear"],
        "percentages": [round(100 * means[name]) if means else None for name in EXPRESSIONS],
        "states_percentages": [round(100 * states[name]) if states else None for name in COUNTED_STATES],
    }
