from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    name = "courses"
    verbose_name = _("Courses")

    def ready(self) -> None:
        from django.urls import register_converter

        from accounts.personal_data import register
        from courses import permissions, services  # noqa: F401  (permissions registers its rules)
        from courses.assignments import block as _assignments  # noqa: F401  (registers its kind of block)
        from courses.assignments import deadlines as assignment_deadlines
        from courses.assignments import grades as assignment_grades
        from courses.assignments.models import SubmissionFile
        from courses.at_risk.personal_data import erase_outreach, export_outreach
        from courses.at_risk.talks import talks
        from courses.calendar import appointments, deadlines
        from courses.certificates import listen
        from courses.certificates import transfer as certificate_transfer
        from courses.certificates.panel import course_panel
        from courses.charts.files import FormConverter
        from courses.discussion import search as _search  # noqa: F401  (adds discussions to the search)
        from courses.discussion.panels import course_discussion_panel, discussion_panel
        from courses.discussion.personal_data import erase_discussion, export_discussion
        from courses.gradebook import sources
        from courses.gradebook import transfer as gradebook_transfer
        from courses.models import Asset
        from courses.notifications import listen as hear
        from courses.notifications.panels import announcements_panel
        from courses.notifications.personal_data import erase_notifications, export_notifications
        from courses.panels import register_course_panel, register_lesson_panel
        from courses.quizzes import block as _quizzes  # noqa: F401
        from courses.quizzes import deadlines as quiz_deadlines
        from courses.quizzes import grades as quiz_grades
        from courses.quizzes import receivers as _receivers  # noqa: F401
        from courses.quizzes import transfer as quiz_transfer
        from courses.release import transfer as release_transfer
        from courses.stored_files import forget
        from courses.transfer import parts
        from courses.welcome.panel import first_steps_panel

        forget([Asset, SubmissionFile])
        register_converter(FormConverter, "chart")
        sources.register("quizzes", items=quiz_grades.items, scores=quiz_grades.scores)
        sources.register("assignments", items=assignment_grades.items, scores=assignment_grades.scores)
        parts.register("pools", export=quiz_transfer.export_pools, build=quiz_transfer.build_pools)
        parts.register(
            "gradebook", export=gradebook_transfer.export_gradebook, build=gradebook_transfer.build_gradebook
        )
        parts.register(
            "prerequisites",
            export=release_transfer.export_prerequisites,
            build=release_transfer.build_prerequisites,
        )
        parts.register("certificates", export=certificate_transfer.export_rule, build=certificate_transfer.build_rule)
        listen.connect()
        hear.connect()
        register_course_panel("certificate", course_panel)
        deadlines.register("quizzes", quiz_deadlines.due)
        deadlines.register("assignments", assignment_deadlines.due)
        appointments.register("talks", talks)
        register("courses", export=services.export_learning, erase=services.erase_learning)
        register("outreach", export=export_outreach, erase=erase_outreach)
        # Later ones are erased first: both ask who is in a course, which is known as long as the enrollments stand.
        register("notifications", export=export_notifications, erase=erase_notifications)
        register("discussion", export=export_discussion, erase=erase_discussion)
        register_lesson_panel("discussion", discussion_panel)
        register_course_panel("first steps", first_steps_panel)
        register_course_panel("announcements", announcements_panel)
        register_course_panel("discussion", course_discussion_panel)
