from django.urls import include, path
from rest_framework.routers import SimpleRouter

from courses.api import assignments, discussion, finding, grades, notifications, quizzes, views

app_name = "courses-api"

router = SimpleRouter()
router.register("courses", views.Courses, basename="course")
router.register("modules", views.Modules, basename="module")
router.register("lessons", views.Lessons, basename="lesson")
router.register("blocks", views.Blocks, basename="block")
router.register("enrollments", views.Enrollments, basename="enrollment")
router.register("progress", views.ProgressRows, basename="progress")
router.register("quizzes", quizzes.Quizzes, basename="quiz")
router.register("quiz-attempts", quizzes.QuizAttempts, basename="quiz-attempt")
router.register("assignments", assignments.Assignments, basename="assignment")
router.register("submissions", assignments.Submissions, basename="submission")
router.register("threads", discussion.Threads, basename="thread")
router.register("posts", discussion.Posts, basename="post")
router.register("notifications", notifications.Notifications, basename="notification")
router.register("announcements", notifications.Announcements, basename="announcement")
router.register("certificates", finding.Certificates, basename="certificate")

urlpatterns = [
    path("me/", views.Me.as_view(), name="me"),
    path("courses/<int:pk>/grades/", grades.OwnGrades.as_view(), name="own-grades"),
    path("courses/<int:pk>/gradebook/", grades.ClassGrades.as_view(), name="class-grades"),
    path("notification-preferences/", notifications.Preferences.as_view(), name="notification-preferences"),
    path("deadlines/", finding.Deadlines.as_view(), name="deadlines"),
    path("search/", finding.Search.as_view(), name="search"),
    path("verify/<str:code>/", finding.Verify.as_view(), name="verify"),
    path("", include(router.urls)),
]
