"""Histories over REST, as JSON by the page or as CSV in one piece: one's own, and a class's from five students up."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from accounts import audit
from courses.api.base import Pages
from courses.models import Course, Lesson
from emotion import selectors
from emotion.api.csv_export import CSVRenderer, stream_csv
from emotion.api.views import EmotionView
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS

TOO_FEW = _("A class is shown from %(few)s students up, so that nobody can be singled out.")
MEASURES = (*selectors.COUNTS, *EXPRESSIONS, "windows", *COUNTED_STATES)
WHOLE = {"type": "integer", "maximum": Pages.furthest}
ROW = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
PAGES = [
    OpenApiParameter("limit", WHOLE | {"minimum": 1}, description="Rows to a page, 1000 at most (200). CSV: all."),
    OpenApiParameter("offset", WHOLE | {"minimum": 0}),
]
ANSWERS = {(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): OpenApiTypes.STR}


class HistoryPages(Pages):
    default_limit = 200
    max_limit = 1000


class HistoryView(EmotionView):
    """The base of the histories: `points` of a lesson or `lessons` of a course, in both forms."""

    renderer_classes = [JSONRenderer, CSVRenderer]

    def answer_lesson(self, lesson: Lesson, timeline: dict[str, Any], whose: str):
        if not self._wants_csv:
            return self._page({"lesson": lesson.pk, **timeline}, "points")
        self._audit(whose, lesson=lesson.pk)
        titles = {block["number"]: block["title"] for block in timeline["blocks"]}
        rows = (
            [titles.get(point["block"], "Elsewhere"), point["seconds"], *_cells(point)] for point in timeline["points"]
        )
        former = timeline.get("edition", lesson.edition) != lesson.edition
        name = f"{whose}-lesson-{lesson.pk}" + (f"-edition-{timeline['edition']}" if former else "")
        return self._csv(name, ["part", "seconds", *MEASURES], rows, timeline.get("detail"))

    def answer_course(self, course: Course, lessons: list[dict[str, Any]], whose: str, detail: str | None = None):
        if not self._wants_csv:
            head = {"course": course.pk, "title": course.title, **({"detail": detail} if detail else {})}
            return self._page({**head, "lessons": [] if detail else lessons}, "lessons")
        self._audit(whose, course=course.pk)
        students = ["students"] if whose == "class" else []
        rows = ([e["title"], *(e[name] for name in students), *_cells(e)] for e in lessons if e["faces"] is not None)
        return self._csv(f"{whose}-course-{course.slug}", ["lesson", *students, *MEASURES], rows, detail)

    def _audit(self, whose: str, **of: int) -> None:
        user = self.request.user
        if whose == "class":
            audit.record(action=audit.Action.CLASS_EXPORTED, actor=user, **of)
        else:
            audit.record(action=audit.Action.HISTORY_EXPORTED, actor=user, subject=user, **of)

    @property
    def _wants_csv(self) -> bool:
        return self.request.accepted_renderer.format == "csv"

    def _page(self, answer: dict[str, Any], rows: str) -> Response:
        pages = HistoryPages()
        page = pages.paginate_queryset(answer[rows], self.request, view=self)
        links = {"count": pages.count, "next": pages.get_next_link(), "previous": pages.get_previous_link()}
        return Response({**answer, **links, rows: page})

    def _csv(self, name: str, header: list[str], rows, detail: str | None):
        def table():
            yield header
            yield from [[detail]] if detail else rows

        return stream_csv(self.request._request, table(), filename=f"attune-{name}.csv")


def _cells(measures: dict[str, Any]) -> list[object]:
    means = measures["expressions"] or dict.fromkeys(EXPRESSIONS, "")
    states = measures["states"] or dict.fromkeys(COUNTED_STATES, "")
    return [
        *(measures[name] for name in selectors.COUNTS),
        *(means[name] for name in EXPRESSIONS),
        measures["windows"],
        *(states[name] for name in COUNTED_STATES),
    ]


class WhichHistory(serializers.Serializer):
    lesson = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    course = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    edition = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)

    def validate(self, attrs: dict[str, int]) -> dict[str, int]:
        if len(attrs.keys() & {"lesson", "course"}) != 1:
            raise serializers.ValidationError({"detail": gettext("Name one: a lesson or a course.")})
        return attrs


class OwnHistory(HistoryView):
    @extend_schema(
        parameters=[
            OpenApiParameter("lesson", ROW, description="A lesson's history, by place. Either this, or a course."),
            OpenApiParameter("course", ROW, description="A course's history, by lesson."),
            OpenApiParameter("edition", ROW, description="Of a lesson; else the newest that one was read in."),
            *PAGES,
        ],
        responses=ANSWERS,
    )
    def get(self, request):
        """One's own history of a lesson or of a course; of one that one has left, too."""
        which = WhichHistory(data=request.query_params)
        which.is_valid(raise_exception=True)
        user, wanted = request.user, which.validated_data
        if "lesson" in wanted:
            lesson = get_object_or_404(selectors.lessons_with_own_history(user), pk=wanted["lesson"])
            timeline = selectors.own_timeline(user=user, lesson=lesson, edition=wanted.get("edition"))
            return self.answer_lesson(lesson, timeline, "my")
        course = get_object_or_404(selectors.courses_with_own_history(user), pk=wanted["course"])
        return self.answer_course(course, selectors.own_course(user=user, course=course), "my")


class ClassLessonHistory(HistoryView):
    @extend_schema(parameters=PAGES, responses=ANSWERS)
    def get(self, request, lesson_id: int):
        """A class's history of a lesson by place, for those who teach it. Below five students, one sentence."""
        lesson = get_object_or_404(Lesson.objects.taught_by(request.user), pk=lesson_id)
        timeline = selectors.class_timeline(lesson=lesson)
        if timeline["students"] is None:
            timeline["detail"] = gettext(TOO_FEW) % {"few": selectors.SMALLEST_GROUP}
        return self.answer_lesson(lesson, timeline, "class")


class ClassCourseHistory(HistoryView):
    @extend_schema(parameters=PAGES, responses=ANSWERS)
    def get(self, request, course_id: int):
        """A class's history of a course by lesson, for those who teach it. Below five students, one sentence."""
        course = get_object_or_404(Course.objects.taught_by(request.user), pk=course_id)
        lessons = selectors.class_course(course=course)
        shown = any(entry["students"] for entry in lessons)
        return self.answer_course(
            course, lessons, "class", None if shown else gettext(TOO_FEW) % {"few": selectors.SMALLEST_GROUP}
        )
