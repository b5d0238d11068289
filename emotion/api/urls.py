from django.urls import path

from emotion.api import support_views, views

app_name = "emotion-api"

urlpatterns = [
    path("lesson-sessions/", views.LessonSessionList.as_view(), name="sessions"),
    path("lesson-sessions/<uuid:session_id>/frames/", views.Frames.as_view(), name="frames"),
    path("lesson-sessions/<uuid:session_id>/end/", views.EndSession.as_view(), name="end"),
    path("lessons/<int:lesson_id>/history/", views.LessonHistory.as_view(), name="history"),
    path("lessons/<int:lesson_id>/self-reports/", support_views.SelfReports.as_view(), name="self-reports"),
    path("lessons/<int:lesson_id>/behaviour/", support_views.BehaviourEvents.as_view(), name="behaviour"),
    path("support/<int:event_id>/response/", support_views.SupportResponse.as_view(), name="support-response"),
    path("support/<int:event_id>/reason/", support_views.SupportReason.as_view(), name="support-reason"),
    path("support/preference/", support_views.SupportPreferences.as_view(), name="support-preference"),
]
