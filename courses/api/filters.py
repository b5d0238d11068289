import django_filters as filters
from django import forms
from django.core.validators import MaxValueValidator
from django.db.models import F
from drf_spectacular.utils import extend_schema_field

from courses.assignments.models import Assignment, Criterion, Submission
from courses.models import (
    Announcement,
    Block,
    Certificate,
    Cohort,
    Course,
    Enrollment,
    Invitation,
    Lesson,
    LessonRevision,
    Module,
    Notification,
    Post,
    Progress,
    Thread,
    WebhookDelivery,
    WebhookEndpoint,
)
from courses.quizzes.models import Question, QuestionPool, Quiz, QuizAccommodation, QuizAttempt, QuizDraw


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": 2**63 - 1})
class IdFilter(filters.NumberFilter):
    """Of a row. A number that no row can have is told as wrong, and never reaches the database."""

    field_class = forms.IntegerField

    def __init__(self, **kwargs):
        super().__init__(min_value=0, **kwargs)

    def get_max_validator(self) -> MaxValueValidator:
        return MaxValueValidator(2**63 - 1)


@extend_schema_field(bool)
class YesOrNo(filters.TypedChoiceFilter):
    """true or false. Another word is told as wrong; django-filter's own would leave the filter out."""

    def __init__(self, **kwargs):
        words = [(word, word) for word in ("true", "false", "True", "False")]
        super().__init__(choices=words, coerce=lambda word: word.lower() == "true", **kwargs)


class CourseFilter(filters.FilterSet):
    title = filters.CharFilter(lookup_expr="icontains")

    class Meta:
        model = Course
        fields = ["status", "slug", "title"]


class ModuleFilter(filters.FilterSet):
    course = IdFilter(field_name="course_id")

    class Meta:
        model = Module
        fields = ["course"]


class LessonFilter(filters.FilterSet):
    course = IdFilter(field_name="module__course_id")
    module = IdFilter(field_name="module_id")

    class Meta:
        model = Lesson
        fields = ["course", "module", "status"]


class BlockFilter(filters.FilterSet):
    course = IdFilter(field_name="lesson__module__course_id")
    lesson = IdFilter(field_name="lesson_id")

    class Meta:
        model = Block
        fields = ["course", "lesson", "kind"]


class EnrollmentFilter(filters.FilterSet):
    course = IdFilter(field_name="course_id")
    user = IdFilter(field_name="user_id")
    cohort = IdFilter(field_name="cohort_id")

    class Meta:
        model = Enrollment
        fields = ["course", "user", "role", "status", "cohort"]


class CohortFilter(filters.FilterSet):
    course = IdFilter(field_name="course_id")

    class Meta:
        model = Cohort
        fields = ["course"]


class InvitationFilter(filters.FilterSet):
    course = IdFilter(field_name="course_id")

    class Meta:
        model = Invitation
        fields = ["course"]


class ProgressFilter(filters.FilterSet):
    course = IdFilter(field_name="lesson__module__course_id")
    lesson = IdFilter(field_name="lesson_id")
    user = IdFilter(field_name="user_id")
    completed = YesOrNo(field_name="completed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Progress
        fields = ["course", "lesson", "user", "completed"]


class OfBlock(filters.FilterSet):
    """What belongs to a block, by its course or its lesson."""

    course = IdFilter(field_name="block__lesson__module__course_id")
    lesson = IdFilter(field_name="block__lesson_id")


class QuizFilter(OfBlock):
    class Meta:
        model = Quiz
        fields = ["course", "lesson"]


class QuizAttemptFilter(filters.FilterSet):
    quiz = IdFilter(field_name="quiz_id")

    class Meta:
        model = QuizAttempt
        fields = ["quiz"]


class RevisionFilter(filters.FilterSet):
    lesson = IdFilter(field_name="lesson_id")

    class Meta:
        model = LessonRevision
        fields = ["lesson"]


class QuestionFilter(filters.FilterSet):
    quiz = IdFilter(field_name="quiz_id")
    pool = IdFilter(field_name="pool_id")

    class Meta:
        model = Question
        fields = ["quiz", "pool"]


class PoolFilter(filters.FilterSet):
    course = IdFilter(field_name="course_id")

    class Meta:
        model = QuestionPool
        fields = ["course"]


class DrawFilter(filters.FilterSet):
    quiz = IdFilter(field_name="quiz_id")

    class Meta:
        model = QuizDraw
        fields = ["quiz"]


class AccommodationFilter(filters.FilterSet):
    quiz = IdFilter(field_name="quiz_id")
    course = IdFilter(field_name="whole_course_id")

    class Meta:
        model = QuizAccommodation
        fields = ["quiz", "course"]


class AssignmentFilter(OfBlock):
    class Meta:
        model = Assignment
        fields = ["course", "lesson"]


class CriterionFilter(filters.FilterSet):
    assignment = IdFilter(field_name="assignment_id")

    class Meta:
        model = Criterion
        fields = ["assignment"]


class SubmissionFilter(filters.FilterSet):
    assignment = IdFilter(field_name="assignment_id")
    user = IdFilter(field_name="user_id")
    to_mark = YesOrNo(field_name="mark", lookup_expr="isnull")
    cohort = IdFilter(method="of_cohort")

    class Meta:
        model = Submission
        fields = ["assignment", "user", "to_mark", "cohort"]

    def of_cohort(self, rows, _name, cohort):
        """Of the cohort's own course: somebody in it may take others."""
        course = F("user__enrollments__course")
        return rows.filter(user__enrollments__cohort=cohort, assignment__block__lesson__module__course=course)


class ThreadFilter(filters.FilterSet):
    course = IdFilter(field_name="lesson__module__course_id")
    lesson = IdFilter(field_name="lesson_id")

    class Meta:
        model = Thread
        fields = ["course", "lesson", "kind"]


class PostFilter(filters.FilterSet):
    thread = IdFilter(field_name="thread_id")

    class Meta:
        model = Post
        fields = ["thread"]


class NotificationFilter(filters.FilterSet):
    unread = YesOrNo(field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Notification
        fields = ["kind", "unread"]


class AnnouncementFilter(filters.FilterSet):
    course = IdFilter(field_name="course_id")

    class Meta:
        model = Announcement
        fields = ["course"]


class WebhookFilter(filters.FilterSet):
    course = IdFilter(field_name="course_id")

    class Meta:
        model = WebhookEndpoint
        fields = ["course"]


class DeliveryFilter(filters.FilterSet):
    endpoint = IdFilter(field_name="endpoint_id")

    class Meta:
        model = WebhookDelivery
        fields = ["endpoint"]


class CertificateFilter(filters.FilterSet):
    course = IdFilter(field_name="course_id")

    class Meta:
        model = Certificate
        fields = ["course"]
