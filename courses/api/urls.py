from django.urls import include, path
from rest_framework.routers import SimpleRouter

from courses.api import views

app_name = "courses-api"

router = SimpleRouter()
router.register("courses", views.Courses, basename="course")
router.register("modules", views.Modules, basename="module")
router.register("lessons", views.Lessons, basename="lesson")
router.register("blocks", views.Blocks, basename="block")
router.register("enrollments", views.Enrollments, basename="enrollment")
router.register("progress", views.ProgressRows, basename="progress")

urlpatterns = [
    path("me/", views.Me.as_view(), name="me"),
    path("", include(router.urls)),
]
