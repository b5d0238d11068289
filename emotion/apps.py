from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EmotionConfig(AppConfig):
    name = "emotion"
    verbose_name = _("Emotion")

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from accounts.personal_data import register
        from courses.at_risk import sources
        from courses.enrollment.signals import students_changed
        from courses.overview import lines
        from courses.panels import register_course_panel, register_lesson_panel, register_teaching_panel
        from courses.quizzes.signals import attempt_submitted
        from emotion import behaviour, class_history, consents, personal_data, shared_signs, tasks  # noqa: F401  (tasks hears Celery's signals)
        from emotion.dashboard.panels import camera_panel, climate_panel, support_panel, teaching_panel, weekly_line
        from emotion.shared_histories import links_to_shared

        register(
            "emotion",
            export=personal_data.export_emotion,
            erase=personal_data.erase_emotion,
            files=personal_data.own_charts,
            by_itself=_("What the camera gave rise to, what you said of lessons, and your consent"),
        )
        sources.register("emotion", shared_signs.signs_shared_with, links_to_shared)
        register_lesson_panel("emotion", camera_panel)
        register_lesson_panel("support", support_panel)
        register_course_panel("climate", climate_panel)
        register_teaching_panel("climate", teaching_panel)
        lines.register("emotion", weekly_line)
        attempt_submitted.connect(behaviour.note_attempt, dispatch_uid="emotion.note_attempt")
        students_changed.connect(consents.note_students_changed, dispatch_uid="emotion.note_students_changed")
        forget = class_history.forget_class_history
        post_delete.connect(forget, sender="emotion.LessonSession", dispatch_uid="emotion.forget_class_history")
