from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courses"
    verbose_name = "Courses"

    def ready(self) -> None:
        from accounts.personal_data import register
        from courses import permissions, services  # noqa: F401  (permissions registers its rules)
        from courses.assignments import block as _assignments  # noqa: F401  (registers its kind of block)
        from courses.assignments import deadlines as assignment_deadlines
        from courses.assignments.models import SubmissionFile
        from courses.calendar import deadlines
        from courses.models import Asset
        from courses.quizzes import block as _quizzes  # noqa: F401
        from courses.stored_files import forget

        forget([Asset, SubmissionFile])
        deadlines.register("assignments", assignment_deadlines.due)
        register("courses", export=services.export_learning, erase=services.erase_learning)
