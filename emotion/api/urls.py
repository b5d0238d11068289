from django.urls import path

from emotion.api import views

app_name = "emotion-api"

urlpatterns = [
    path("lesson-sessions/", views.LessonSessionList.as_view(), name="sessions"),
    path("lesson-sessions/<uuid:session_id>/frames/", views.Frames.as_view(), name="frames"),
    path("lesson-sessions/<uuid:session_id>/end/", views.EndSession.as_view(), name="end"),
    path("lessons/<int:lesson_id>/history/", views.LessonHistory.as_view(), name="history"),
]
