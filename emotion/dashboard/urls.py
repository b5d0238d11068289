from django.urls import path

from emotion.dashboard import lesson_view, live_view, said_view, views

app_name = "emotion"

urlpatterns = [
    path("lessons/<int:pk>/camera/", views.consent, name="consent"),
    path("lessons/<int:pk>/camera/withdraw/", views.withdraw, name="withdraw"),
    path("guardian/<str:token>/", views.guardian, name="guardian"),
    path("courses/<slug:slug>/calibration/", views.calibration, name="calibration"),
    path("courses/<slug:slug>/now/", live_view.live, name="live"),
    path("lessons/<int:pk>/history/", views.history, name="history"),
    path("lessons/<int:pk>/climate/", lesson_view.lesson_climate, name="climate"),
    path("lessons/<int:pk>/said/", said_view.lesson_said, name="said"),
    path("support/", views.support_wishes, name="support"),
    path("courses/<slug:slug>/history/", views.course_history, name="course-history"),
]
