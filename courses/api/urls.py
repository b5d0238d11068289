from django.urls import include, path
from rest_framework.routers import SimpleRouter

from courses.api import (
    assignments,
    authoring,
    calendar,
    certificates,
    discussion,
    finding,
    grades,
    notifications,
    people,
    quizzes,
    transfer,
    views,
    webhooks,
)

app_name = "courses-api"

router = SimpleRouter()
router.register("courses", views.Courses, basename="course")
router.register("modules", views.Modules, basename="module")
router.register("lessons", views.Lessons, basename="lesson")
router.register("blocks", views.Blocks, basename="block")
router.register("enrollments", people.Enrollments, basename="enrollment")
router.register("cohorts", people.Cohorts, basename="cohort")
router.register("invitations", people.Invitations, basename="invitation")
router.register("progress", views.ProgressRows, basename="progress")
router.register("quizzes", quizzes.Quizzes, basename="quiz")
router.register("questions", authoring.Questions, basename="question")
router.register("question-pools", authoring.QuestionPools, basename="question-pool")
router.register("quiz-draws", authoring.QuizDraws, basename="quiz-draw")
router.register("quiz-accommodations", authoring.QuizAccommodations, basename="quiz-accommodation")
router.register("revisions", authoring.Revisions, basename="revision")
router.register("quiz-attempts", quizzes.QuizAttempts, basename="quiz-attempt")
router.register("assignments", assignments.Assignments, basename="assignment")
router.register("criteria", assignments.Criteria, basename="criterion")
router.register("submissions", assignments.Submissions, basename="submission")
router.register("threads", discussion.Threads, basename="thread")
router.register("posts", discussion.Posts, basename="post")
router.register("notifications", notifications.Notifications, basename="notification")
router.register("announcements", notifications.Announcements, basename="announcement")
router.register("webhooks", webhooks.Webhooks, basename="webhook")
router.register("webhook-deliveries", webhooks.WebhookDeliveries, basename="webhook-delivery")
router.register("certificates", certificates.Certificates, basename="certificate")

urlpatterns = [
    path("me/", views.Me.as_view(), name="me"),
    path("courses/<int:pk>/joining/", people.Joining.as_view(), name="joining"),
    path("courses/<int:pk>/people/import/", people.PeopleImport.as_view(), name="people-import"),
    path("courses/<int:pk>/grades/", grades.OwnGrades.as_view(), name="own-grades"),
    path("courses/<int:pk>/gradebook/", grades.ClassGrades.as_view(), name="class-grades"),
    path("courses/<int:pk>/gradebook/setup/", grades.Setup.as_view(), name="gradebook-setup"),
    path("courses/<int:pk>/gradebook/<str:key>/<int:user_id>/", grades.Override.as_view(), name="grade-override"),
    path("courses/<int:pk>/certificate-rule/", certificates.Rule.as_view(), name="certificate-rule"),
    path("courses/<int:pk>/export/", transfer.Export.as_view(), name="export"),
    path("courses/import/", transfer.Import.as_view(), name="import"),
    path("notification-preferences/", notifications.Preferences.as_view(), name="notification-preferences"),
    path("calendar-address/", calendar.CalendarAddress.as_view(), name="calendar-address"),
    path("deadlines/", finding.Deadlines.as_view(), name="deadlines"),
    path("search/", finding.Search.as_view(), name="search"),
    path("verify/<str:code>/", certificates.Verify.as_view(), name="verify"),
    path("", include(router.urls)),
]
