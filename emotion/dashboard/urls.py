from django.urls import path

from emotion.dashboard import compare_view, lesson_view, live_view, rules_view, said_view, views

app_name = "emotion"

urlpatterns = [
    path("lessons/<int:pk>/camera/", views.consent, name="consent"),
    path("lessons/<int:pk>/camera/withdraw/", views.withdraw, name="withdraw"),
    path("guardian/<str:token>/", views.guardian, name="guardian"),
    path("courses/<slug:slug>/calibration/", views.calibration, name="calibration"),
    path("courses/<slug:slug>/now/", live_view.live, name="live"),
    path("courses/<slug:slug>/support-rules/", rules_view.rules, name="rules"),
    path("courses/<slug:slug>/support-rules/new/", rules_view.rule, name="new-rule"),
    path("courses/<slug:slug>/support-rules/<int:pk>/", rules_view.rule, name="rule"),
    path("courses/<slug:slug>/support-rules/<str:state>/adopt/", rules_view.adopt, name="adopt-rules"),
    path("lessons/<int:pk>/history/", views.history, name="history"),
    path("lessons/<int:pk>/climate/", lesson_view.lesson_climate, name="climate"),
    path("lessons/<int:pk>/climate/compare/", compare_view.compare, name="compare"),
    path("lessons/<int:pk>/said/", said_view.lesson_said, name="said"),
    path("support/", views.support_wishes, name="support"),
    path("courses/<slug:slug>/history/", views.course_history, name="course-history"),
]
