from django.apps import AppConfig


class EmotionConfig(AppConfig):
    name = "emotion"
    verbose_name = "Emotion"

    def ready(self) -> None:
        from django.db.models.signals import post_save

        from accounts.personal_data import register
        from courses.panels import register_lesson_panel
        from emotion import personal_data, support, tasks  # noqa: F401  (tasks connects to Celery's signals)
        from emotion.dashboard.panels import camera_panel, support_panel

        register("emotion", export=personal_data.export_emotion, erase=personal_data.erase_emotion)
        register_lesson_panel("emotion", camera_panel)
        register_lesson_panel("support", support_panel)
        post_save.connect(support.note_attempt, sender="courses.QuizAttempt", dispatch_uid="emotion.note_attempt")
