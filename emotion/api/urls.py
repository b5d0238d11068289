from django.urls import path

from emotion.api import device_views, history_views, support_views, views

app_name = "emotion-api"

urlpatterns = [
    path("lesson-sessions/", views.LessonSessionList.as_view(), name="sessions"),
    path("lesson-sessions/<uuid:session_id>/frames/", views.Frames.as_view(), name="frames"),
    path("lesson-sessions/<uuid:session_id>/frames/<int:sequence>/", views.FrameReading.as_view(), name="frame"),
    path("lesson-sessions/<uuid:session_id>/readings/", device_views.Readings.as_view(), name="readings"),
    path("lesson-sessions/<uuid:session_id>/end/", views.EndSession.as_view(), name="end"),
    path("on-device/", device_views.Reader.as_view(), name="on-device"),
    path("on-device/<str:sha256>.onnx", device_views.NetworkFile.as_view(), name="on-device-file"),
    path("lessons/<int:lesson_id>/history/", views.LessonHistory.as_view(), name="history"),
    path("me/emotion-history/", history_views.OwnHistory.as_view(), name="own-history"),
    path("lessons/<int:lesson_id>/emotion/", history_views.ClassLessonHistory.as_view(), name="class-lesson"),
    path("courses/<int:course_id>/emotion/", history_views.ClassCourseHistory.as_view(), name="class-course"),
    path("lessons/<int:lesson_id>/self-reports/", support_views.SelfReports.as_view(), name="self-reports"),
    path("lessons/<int:lesson_id>/behaviour/", support_views.BehaviourEvents.as_view(), name="behaviour"),
    path("support/<int:event_id>/response/", support_views.SupportResponse.as_view(), name="support-response"),
    path("support/<int:event_id>/reason/", support_views.SupportReason.as_view(), name="support-reason"),
    path("support/<int:event_id>/question/", support_views.SupportQuestion.as_view(), name="support-question"),
    path("support/preference/", support_views.SupportPreferences.as_view(), name="support-preference"),
]
