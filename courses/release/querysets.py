from courses.querysets import PartQuerySet


class CohortLessonDateQuerySet(PartQuerySet):
    to_course, to_lesson = "lesson__module__course", "lesson"
