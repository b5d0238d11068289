"""Quizzes over REST: begin, save, hand in, and what came of it. Limits and what may be seen are the pages' own."""

from typing import Any

from django.forms import model_to_dict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from courses.api.base import Conflict, CourseAPI, checked, formed, require_teacher
from courses.api.filters import QuizAttemptFilter, QuizFilter
from courses.quizzes import answers as answering
from courses.quizzes import layouts, selectors, services
from courses.quizzes.analysis import analyse
from courses.quizzes.models import Quiz, QuizAttempt
from courses.quizzes.selectors import ShownQuestion, ShownQuiz
from courses.release.locks import require_open
from courses.studio.quiz_forms import QuizForm


class ChoiceSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    text = serializers.CharField()
    picked = serializers.BooleanField()
    right = serializers.BooleanField(allow_null=True, help_text="Null while what is right is not shown.")
    feedback = serializers.CharField(allow_null=True)


class PartSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="The field of `answers` that gives it.")
    label = serializers.CharField()
    given = serializers.CharField()
    right = serializers.CharField(allow_null=True)


class QuestionSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    name = serializers.CharField(help_text="The field of `answers`, where the question has no parts.")
    html = serializers.CharField()
    points = serializers.IntegerField()
    given = serializers.CharField(help_text="What was typed, for a text or a number.")
    choices = ChoiceSerializer(many=True)
    parts = PartSerializer(many=True)
    matches = serializers.ListField(child=serializers.CharField(), help_text="What a part may be given, in matching.")
    share = serializers.FloatField(allow_null=True, help_text="0 to 1, once it is scored and may be seen.")
    right = serializers.CharField(allow_null=True)
    explanation = serializers.CharField(allow_null=True)


class AttemptSerializer(serializers.ModelSerializer):
    passed = serializers.BooleanField(read_only=True)

    class Meta:
        model = QuizAttempt
        fields = [
            *("id", "quiz", "number", "started_at", "deadline", "saved_at", "submitted_at", "expired"),
            *("points", "max_points", "score_percent", "passed"),
        ]
        read_only_fields = fields


class QuizSerializer(serializers.ModelSerializer):
    course = serializers.IntegerField(source="block.lesson.module.course_id", read_only=True)
    lesson = serializers.IntegerField(source="block.lesson_id", read_only=True)
    title = serializers.CharField(source="block.title", read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Quiz
        fields = [
            *("id", "course", "lesson", "block", "title", "pass_percent", "attempt_limit", "minutes"),
            *("opens_at", "closes_at", "url"),
        ]
        read_only_fields = fields


class QuizSettingsSerializer(serializers.ModelSerializer):
    class Meta:
        model = Quiz
        fields = ["id", *QuizForm.Meta.fields]


class CountSerializer(serializers.Serializer):
    choice = serializers.IntegerField(source="choice.pk")
    text = serializers.CharField(source="choice.text")
    upper = serializers.IntegerField(help_text="Who picked it, of the better half.")
    lower = serializers.IntegerField()
    all = serializers.IntegerField()


class AnalysedItemSerializer(serializers.Serializer):
    question = serializers.IntegerField(source="question.pk")
    prompt = serializers.CharField(source="question.prompt")
    n = serializers.IntegerField(help_text="Students who were asked it.")
    difficulty = serializers.FloatField(allow_null=True, help_text="Mean share of its points; higher is easier.")
    discrimination = serializers.FloatField(allow_null=True, help_text="-1 to 1.")
    notes = serializers.ListField(child=serializers.CharField())
    choices = CountSerializer(many=True)


class AnalysisSerializer(serializers.Serializer):
    students = serializers.IntegerField(help_text="Below five, nothing else is told.")
    mean_percent = serializers.FloatField(allow_null=True)
    items = AnalysedItemSerializer(many=True)


class ShownQuizSerializer(serializers.Serializer):
    """How a quiz stands for the person who asks; `number` goes with each answer that is sent."""

    quiz = QuizSerializer()
    state = serializers.ChoiceField(["form", "begin", "early", "closed", "used_up"])
    number = serializers.IntegerField()
    deadline = serializers.DateTimeField(allow_null=True)
    attempts_left = serializers.IntegerField(allow_null=True, help_text="Null: as many as one likes.")
    preview = serializers.BooleanField(help_text="For its teachers: nothing is kept.")
    questions = QuestionSerializer(many=True)
    attempts = AttemptSerializer(many=True, help_text="Those handed in.")


class ResultSerializer(serializers.Serializer):
    attempt = AttemptSerializer()
    questions = QuestionSerializer(many=True)


class AnswersSerializer(serializers.Serializer):
    number = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text="Of the attempt that was shown.")
    answers = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(allow_blank=True, max_length=2000), max_length=100),
        help_text='As in {"q-7": ["31"]}: the names of the questions or their parts.',
    )

    def validate_answers(self, given: dict) -> dict:
        if len(given) > 2000:
            raise serializers.ValidationError(_("These are more answers than a quiz has questions."))
        return given


class HandInSerializer(AnswersSerializer):
    anyway = serializers.BooleanField(default=False, help_text="Also where answers are missing.")


class UnansweredSerializer(serializers.Serializer):
    detail = serializers.CharField()
    questions = serializers.ListField(child=serializers.IntegerField())


class SavedSerializer(serializers.Serializer):
    saved_at = serializers.DateTimeField()


class Quizzes(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """Those of the lessons one may read; how one stands for you is asked for by itself."""

    serializer_class = QuizSerializer
    filterset_class = QuizFilter
    rows = staticmethod(lambda: Quiz.objects.present().select_related("block__lesson__module__course").order_by("pk"))

    lesson = "block__lesson"

    @extend_schema(responses=ShownQuizSerializer)
    def retrieve(self, request, pk=None):
        quiz = self.get_object()
        require_open(user=request.user, lesson=quiz.lesson)
        return Response(self._shown(quiz))

    @extend_schema(request=QuizSettingsSerializer(partial=True), responses={200: QuizSettingsSerializer})
    def partial_update(self, request, pk=None):
        """Its limits and what it shows, for those who teach it."""
        quiz = self.get_object()
        sent = QuizSettingsSerializer(quiz, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        form = QuizForm(model_to_dict(quiz, QuizForm.Meta.fields) | sent.validated_data, instance=quiz)
        formed(form)
        return Response(QuizSettingsSerializer(form.save()).data)

    @extend_schema(responses=AnalysisSerializer)
    @action(methods=["get"], detail=True, permission_classes=[IsAuthenticated])
    def analysis(self, request, pk=None):
        """How its questions work, from each student's first attempt; for those who teach it."""
        quiz = self.get_object()
        require_teacher(request.user, quiz.course)
        return Response(AnalysisSerializer(analyse(quiz)).data)

    @extend_schema(request=None, responses={200: ShownQuizSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def begin(self, request, pk=None):
        """Begin an attempt, or go on with the one that is open."""
        quiz = self._learned()
        try:
            services.begin_attempt(user=request.user, quiz=quiz)
        except services.Refused as error:
            raise Conflict(str(error)) from None
        return Response(self._shown(quiz))

    @extend_schema(request=AnswersSerializer, responses={200: SavedSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def answers(self, request, pk=None):
        """Keep these answers in the open attempt; those to other questions stay as they are."""
        quiz, sent = self._learned(), checked(AnswersSerializer, request)
        given = answering.read(layouts.current(request.user, quiz), sent["answers"], only_sent=True)
        try:
            attempt = services.save_answers(user=request.user, quiz=quiz, answers=given, number=sent["number"])
        except services.Refused as error:
            raise Conflict(str(error)) from None
        return Response({"saved_at": attempt.saved_at})

    @extend_schema(request=HandInSerializer, responses={200: ResultSerializer, 422: UnansweredSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def submit(self, request, pk=None):
        """Keep these answers and hand the attempt in. 422 tells which questions have none; their attempt stays open."""
        quiz, sent = self._learned(), checked(HandInSerializer, request)
        given = answering.read(layouts.current(request.user, quiz), sent["answers"], only_sent=True)
        try:
            attempt = services.submit_quiz(
                user=request.user, quiz=quiz, answers=given, number=sent["number"], anyway=sent["anyway"]
            )
        except services.UnansweredQuestions as error:
            return Response({"detail": str(error), "questions": error.question_ids}, status=422)
        except services.Refused as error:
            raise Conflict(str(error)) from None
        return Response(result_of(request, attempt))

    def _learned(self) -> Quiz:
        quiz = self.get_object()
        if not quiz.course.is_learned_by(self.request.user):
            raise PermissionDenied(_("Only those who take a course as students answer its quizzes."))
        return quiz

    def _shown(self, quiz: Quiz) -> dict[str, Any]:
        learns = quiz.course.is_learned_by(self.request.user)
        shown = selectors.shown_quiz(self.request.user, quiz, preview=not learns)
        return {
            "quiz": QuizSerializer(quiz).data,
            "state": shown.state,
            "number": shown.number,
            "deadline": shown.open_attempt.deadline if shown.open_attempt else None,
            "attempts_left": shown.attempts_left,
            "preview": shown.preview,
            # Its key is for those who teach it, on their pages; a form never holds it.
            "questions": _questions(shown, told=False) if learns or quiz.course.is_taught_by(self.request.user) else [],
            "attempts": AttemptSerializer(shown.done, many=True).data,
        }


class QuizAttempts(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """Your own that were handed in; by itself, one tells what was right as far as its quiz shows that."""

    serializer_class = AttemptSerializer
    filterset_class = QuizAttemptFilter
    permission_classes = [IsAuthenticated]

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return QuizAttempt.objects.none()
        mine = QuizAttempt.objects.filter(user_id=self.request.user.pk, quiz__block__removed_at=None).submitted()
        return mine.select_related("quiz__block__lesson__module__course")

    @extend_schema(responses=ResultSerializer)
    def retrieve(self, request, pk=None):
        return Response(result_of(request, self.get_object()))


def result_of(request, attempt: QuizAttempt) -> dict[str, Any]:
    shown = selectors.shown_quiz(request.user, attempt.quiz, attempt=attempt)
    return {"attempt": AttemptSerializer(attempt).data, "questions": _questions(shown, told=True)}


def _questions(shown: ShownQuiz, *, told: bool) -> list[dict[str, Any]]:
    return [_question(asked, marks=told and shown.marks) for asked in shown.questions]


def _question(asked: ShownQuestion, *, marks: bool) -> dict[str, Any]:
    question, kind = asked.question, asked.question.kind
    typed = kind in (question.Kind.TEXT, question.Kind.NUMERIC)
    return {
        "id": question.pk,
        "kind": kind,
        "name": f"q-{question.pk}",
        "html": str(asked.prompt),
        "points": asked.slot.points,
        "given": str(asked.answer or "") if typed else "",
        "choices": [
            {
                "id": row.choice.pk,
                "text": row.choice.text,
                "picked": row.picked,
                "right": row.choice.is_correct if marks else None,
                "feedback": row.choice.feedback if marks and row.picked else None,
            }
            for row in asked.choices
        ],
        "parts": [
            {"name": part.name, "label": part.label, "given": part.given, "right": part.right if marks else None}
            for part in asked.parts
        ],
        "matches": asked.slot.matches if kind == question.Kind.MATCHING else [],
        "share": asked.share if marks else None,
        "right": asked.right_words if marks and typed else None,
        "explanation": str(asked.explanation) if marks else None,
    }
