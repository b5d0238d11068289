"""What those who teach write beside lessons and parts: questions, pools, what single students get, and the way back."""

from typing import Any

from django.forms import model_to_dict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from courses.api import filters
from courses.api.base import Conflict, TaughtAPI, checked, formed, stays
from courses.api.serializers import MoveSerializer, PersonSerializer, TaughtCourse
from courses.api.views import moved
from courses.models import (
    Choice,
    Course,
    Lesson,
    LessonRevision,
    Question,
    QuestionPool,
    Quiz,
    QuizAccommodation,
    QuizDraw,
)
from courses.quizzes.authoring import problems
from courses.studio import pools, questions, revisions
from courses.studio.pool_forms import AccommodationForm, DrawForm, PoolForm
from courses.studio.quiz_forms import MOST_CHOICES, QuestionForm
from courses.studio.services import HasLearners

NO_CHOICE = {"id": None, "text": "", "match": "", "is_correct": False, "feedback": ""}
ROW = {"min_value": 1, "max_value": 2**63 - 1}
Readable = (mixins.ListModelMixin, mixins.RetrieveModelMixin)


class TaughtQuiz(serializers.PrimaryKeyRelatedField):
    def get_queryset(self):
        taught = Quiz.objects.taught_by(self.context["request"].user).present()
        return taught.select_related("block__lesson__module__course")


class TaughtPool(serializers.PrimaryKeyRelatedField):
    def get_queryset(self):
        return QuestionPool.objects.taught_by(self.context["request"].user).select_related("course")


class RevisionSerializer(serializers.ModelSerializer):
    author = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = LessonRevision
        fields = ["id", "lesson", "author", "created_at", "updated_at"]
        read_only_fields = fields


class RevisionContentSerializer(RevisionSerializer):
    class Meta(RevisionSerializer.Meta):
        fields = [*RevisionSerializer.Meta.fields, "content"]
        read_only_fields = fields


class Revisions(*Readable, TaughtAPI):
    """What the lessons that you teach said before, newest first; by itself, one tells all of it."""

    serializer_class = RevisionSerializer
    filterset_class = filters.RevisionFilter

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return LessonRevision.objects.none()
        mine = LessonRevision.objects.filter(lesson__in=Lesson.objects.taught_by(self.request.user))
        rows = mine.select_related("author", "lesson__module__course")
        return rows.defer("content") if self.action == "list" else rows

    @extend_schema(responses=RevisionContentSerializer)
    def retrieve(self, request, pk=None):
        return Response(RevisionContentSerializer(self.get_object()).data)

    @extend_schema(request=None, responses={204: None})
    @action(methods=["post"], detail=True)
    def restore(self, request, pk=None):
        """Have its lesson read as it did then. What it said until now is kept as a revision too."""
        revisions.restore(revision=self.get_object(), author=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class WrittenChoiceSerializer(serializers.ModelSerializer):
    id = serializers.IntegerField(**ROW, required=False, allow_null=True, help_text="Of one that is there; else new.")
    text = serializers.CharField(max_length=240, allow_blank=True, default="")
    match = serializers.CharField(max_length=240, allow_blank=True, default="")
    is_correct = serializers.BooleanField(default=False)
    feedback = serializers.CharField(max_length=400, allow_blank=True, default="")

    class Meta:
        model = Choice
        fields = ["id", "text", "match", "is_correct", "feedback"]


class WrittenQuestionSerializer(serializers.ModelSerializer):
    """A question as its authors see it."""

    choices = WrittenChoiceSerializer(many=True, required=False, max_length=MOST_CHOICES, help_text="All, in order.")
    missing = serializers.SerializerMethodField(help_text="What it lacks; until then no student meets it.")

    class Meta:
        model = Question
        fields = ["id", "quiz", "pool", *QuestionForm.Meta.fields, "choices", "position", "missing"]
        read_only_fields = ["quiz", "pool", "kind", "position"]
        validators = []
        extra_kwargs = {
            "prompt": {"allow_blank": True, "required": False},
            "points": {"max_value": 1000},
            "number": {"min_value": -1e15, "max_value": 1e15},
            "tolerance": {"max_value": 1e15},
        }

    def get_missing(self, question: Question) -> str:
        return " ".join(problems(question))


class NewQuestionSerializer(serializers.Serializer):
    quiz = TaughtQuiz(queryset=Quiz.objects.all(), required=False, allow_null=True)
    pool = TaughtPool(queryset=QuestionPool.objects.all(), required=False, allow_null=True, help_text="Or this.")
    kind = serializers.ChoiceField(Question.Kind.choices)

    def validate(self, attrs: dict) -> dict:
        if bool(attrs.get("quiz")) == bool(attrs.get("pool")):
            raise serializers.ValidationError({"quiz": _("A question stands in a quiz or in a pool: name one.")})
        return attrs


class Questions(*Readable, TaughtAPI):
    """The questions of the quizzes and pools that you teach, with what is right."""

    serializer_class = WrittenQuestionSerializer
    filterset_class = filters.QuestionFilter
    rows = staticmethod(
        lambda: (
            Question.objects.select_related("quiz__block__lesson__module__course", "pool__course")
            .prefetch_related("choices")
            .order_by("quiz", "pool", "position", "pk")
        )
    )

    @extend_schema(request=NewQuestionSerializer, responses={201: WrittenQuestionSerializer})
    def create(self, request):
        """Begin a question, at the end; what it says is a PATCH."""
        sent = checked(NewQuestionSerializer, request)
        home = sent.get("quiz") or sent["pool"]
        made = questions.add_question(home=home, kind=sent["kind"], author=request.user)
        shown = self.get_queryset().get(pk=made.pk)
        return Response(self.get_serializer(shown).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=WrittenQuestionSerializer(partial=True), responses={200: WrittenQuestionSerializer})
    def partial_update(self, request, pk=None):
        """Write it. `choices` are all of them, in order: one with an id changes, and one that is left out is gone."""
        question = self.get_object()
        given = WrittenQuestionSerializer(question, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        sent: dict[str, Any] = dict(given.validated_data)
        choices = sent.pop("choices", None)
        if choices is None:
            choices = WrittenChoiceSerializer(question.choices.all(), many=True).data
        wanted = formed(QuestionForm(_as_typed(model_to_dict(question, QuestionForm.Meta.fields) | sent)))
        rows = [NO_CHOICE | row for row in choices]
        questions.save_question(question=question, changes=wanted, choices=rows, author=request.user)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=MoveSerializer, responses={200: WrittenQuestionSerializer})
    @action(methods=["post"], detail=True)
    def move(self, request, pk=None):
        """Put it before another question of its quiz or pool, or last."""
        return moved(self, MoveSerializer)

    @extend_schema(responses={204: None})
    def destroy(self, request, pk=None):
        """While nobody has answered it (409)."""
        _unless_begun(questions.remove_question, question=self.get_object(), author=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _as_typed(fields: dict[str, Any]) -> dict[str, Any]:
    """Numbers as the form takes them: as words."""
    numbers = {name: fields[name] for name in ("number", "tolerance")}
    return fields | {name: "" if number is None else repr(number) for name, number in numbers.items()}


def _unless_begun(service, **what) -> None:
    try:
        service(**what)
    except HasLearners as error:
        raise Conflict(str(error)) from None


class PoolSerializer(serializers.ModelSerializer):
    course = TaughtCourse(queryset=Course.objects.all())

    class Meta:
        model = QuestionPool
        fields = ["id", "course", "title"]
        validators = []  # they are the form's


class QuestionPools(*Readable, TaughtAPI):
    """Questions that quizzes draw from at random, in the courses you teach."""

    serializer_class = PoolSerializer
    filterset_class = filters.PoolFilter
    rows = staticmethod(lambda: QuestionPool.objects.order_by("pk"))

    @extend_schema(request=PoolSerializer, responses={201: PoolSerializer})
    def create(self, request):
        """Begin a pool."""
        sent = checked(PoolSerializer, request)
        form = PoolForm(sent, instance=QuestionPool(course=sent["course"]))
        formed(form)
        return Response(PoolSerializer(form.save()).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=PoolSerializer(partial=True), responses={200: PoolSerializer})
    def partial_update(self, request, pk=None):
        """Give it another name."""
        pool = self.get_object()
        sent = self.get_serializer(pool, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        stays(sent, "course")
        form = PoolForm({"title": sent.validated_data.get("title", pool.title)}, instance=pool)
        formed(form)
        return Response(PoolSerializer(form.save()).data)

    @extend_schema(responses={204: None})
    def destroy(self, request, pk=None):
        """While no quiz draws from it (409)."""
        _unless_begun(pools.remove_pool, pool=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class DrawSerializer(serializers.ModelSerializer):
    quiz = TaughtQuiz(queryset=Quiz.objects.all())
    pool = TaughtPool(queryset=QuestionPool.objects.all(), help_text="Of the quiz's course.")

    class Meta:
        model = QuizDraw
        fields = ["id", "quiz", "pool", "count", "points"]
        validators = []
        extra_kwargs = {"count": {"min_value": 1, "max_value": 500}, "points": {"min_value": 1, "max_value": 1000}}


class QuizDraws(*Readable, mixins.DestroyModelMixin, TaughtAPI):
    """What the quizzes that you teach draw from pools."""

    serializer_class = DrawSerializer
    filterset_class = filters.DrawFilter

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return QuizDraw.objects.none()
        return QuizDraw.objects.filter(quiz__in=Quiz.objects.taught_by(self.request.user)).order_by("pk")

    @extend_schema(request=DrawSerializer, responses={201: DrawSerializer})
    def create(self, request):
        """Have a quiz draw so many questions of a pool; where it draws from it already, the numbers change."""
        sent = checked(DrawSerializer, request)
        quiz = sent["quiz"]
        typed = {"count": 1, "points": 1} | sent | {"pool": sent["pool"].pk}
        wanted = formed(DrawForm(typed, course=quiz.course))
        draw = pools.draw_from(quiz=quiz, pool=wanted["pool"], count=wanted["count"], points=wanted["points"])
        return Response(DrawSerializer(draw).data, status=status.HTTP_201_CREATED)


class AccommodationSerializer(serializers.ModelSerializer):
    user = PersonSerializer(read_only=True)

    class Meta:
        model = QuizAccommodation
        fields = ["id", "quiz", "whole_course", "user", "time_factor", "extra_attempts", "closes_at"]
        read_only_fields = fields


class NewAccommodationSerializer(serializers.Serializer):
    quiz = TaughtQuiz(queryset=Quiz.objects.all())
    email = serializers.EmailField(max_length=254, help_text="Of a student.")
    time_factor = serializers.FloatField(min_value=1, max_value=10, default=1.0)
    extra_attempts = serializers.IntegerField(min_value=0, max_value=100, default=0)
    closes_at = serializers.DateTimeField(required=False, allow_null=True)
    everywhere = serializers.BooleanField(default=False, help_text="In all quizzes of its course, later ones too.")


class QuizAccommodations(*Readable, mixins.DestroyModelMixin, TaughtAPI):
    """More time, attempts or days for single students, in the quizzes that you teach."""

    serializer_class = AccommodationSerializer
    filterset_class = filters.AccommodationFilter
    rows = staticmethod(lambda: QuizAccommodation.objects.select_related("user").order_by("pk"))

    @extend_schema(request=NewAccommodationSerializer, responses={201: AccommodationSerializer})
    def create(self, request):
        """Give a student more; what they had there is replaced."""
        sent = checked(NewAccommodationSerializer, request)
        quiz = sent["quiz"]
        form = AccommodationForm(sent, course=quiz.course)
        wanted = formed(form)
        place = quiz.course if wanted["everywhere"] else quiz
        limits = {name: wanted[name] for name in ("time_factor", "extra_attempts", "closes_at")}
        pools.accommodate(place=place, user=form.student, **limits)
        where = {"whole_course": place} if wanted["everywhere"] else {"quiz": place}
        made = self.get_queryset().get(user=form.student, **where)
        return Response(AccommodationSerializer(made).data, status=status.HTTP_201_CREATED)
