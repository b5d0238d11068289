import django_filters as filters

from courses.models import Block, Course, Enrollment, Lesson, Module, Progress


class CourseFilter(filters.FilterSet):
    title = filters.CharFilter(lookup_expr="icontains")

    class Meta:
        model = Course
        fields = ["status", "slug", "title"]


class ModuleFilter(filters.FilterSet):
    course = filters.NumberFilter(field_name="course_id")

    class Meta:
        model = Module
        fields = ["course"]


class LessonFilter(filters.FilterSet):
    course = filters.NumberFilter(field_name="module__course_id")
    module = filters.NumberFilter(field_name="module_id")

    class Meta:
        model = Lesson
        fields = ["course", "module", "status"]


class BlockFilter(filters.FilterSet):
    course = filters.NumberFilter(field_name="lesson__module__course_id")
    lesson = filters.NumberFilter(field_name="lesson_id")

    class Meta:
        model = Block
        fields = ["course", "lesson", "kind"]


class EnrollmentFilter(filters.FilterSet):
    course = filters.NumberFilter(field_name="course_id")
    user = filters.NumberFilter(field_name="user_id")

    class Meta:
        model = Enrollment
        fields = ["course", "user", "role", "status"]


class ProgressFilter(filters.FilterSet):
    course = filters.NumberFilter(field_name="lesson__module__course_id")
    lesson = filters.NumberFilter(field_name="lesson_id")
    user = filters.NumberFilter(field_name="user_id")
    completed = filters.BooleanFilter(field_name="completed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Progress
        fields = ["course", "lesson", "user", "completed"]
