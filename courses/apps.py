from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courses"
    verbose_name = "Courses"

    def ready(self) -> None:
        from accounts.personal_data import register
        from courses import permissions, services  # noqa: F401  (permissions registers its rules)
        from courses.quizzes import block, receivers  # noqa: F401  (register a kind of block; hear signals)

        register("courses", export=services.export_learning, erase=services.erase_learning)
