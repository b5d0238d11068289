from django.apps import AppConfig


class LmsConfig(AppConfig):
    name = "lms"
    verbose_name = "Attune"

    def ready(self) -> None:
        from emotion.collector import share_arenas
        from lms import checks  # noqa: F401  (registers itself)

        share_arenas()
