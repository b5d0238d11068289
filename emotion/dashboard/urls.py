from django.urls import path

from emotion.dashboard import (
    compare_view,
    lesson_view,
    live_view,
    research_view,
    rules_view,
    said_view,
    shared_view,
    views,
)

app_name = "emotion"

urlpatterns = [
    path("lessons/<int:pk>/camera/", views.consent, name="consent"),
    path("lessons/<int:pk>/camera/withdraw/", views.withdraw, name="withdraw"),
    path("guardian/<str:token>/", views.guardian, name="guardian"),
    path("courses/<slug:slug>/calibration/", views.calibration, name="calibration"),
    path("courses/<slug:slug>/calibration/chart.<chart:form>", views.calibration_chart, name="calibration-chart"),
    path("courses/<slug:slug>/climate/chart.<chart:form>", lesson_view.course_climate_chart, name="course-chart"),
    path("courses/<slug:slug>/now/", live_view.live, name="live"),
    path("courses/<slug:slug>/now/chart.<chart:form>", live_view.live_chart, name="live-chart"),
    path("courses/<slug:slug>/support-rules/", rules_view.rules, name="rules"),
    path("courses/<slug:slug>/support-rules/chart.<chart:form>", rules_view.rules_chart, name="rules-chart"),
    path("courses/<slug:slug>/support-rules/new/", rules_view.rule, name="new-rule"),
    path("courses/<slug:slug>/support-rules/<int:pk>/", rules_view.rule, name="rule"),
    path("courses/<slug:slug>/support-rules/<str:state>/adopt/", rules_view.adopt, name="adopt-rules"),
    path("courses/<slug:slug>/research/", research_view.research, name="research"),
    path("lessons/<int:pk>/history/", views.history, name="history"),
    path("lessons/<int:pk>/history/chart.<chart:form>", views.history_chart, name="history-chart"),
    path("lessons/<int:pk>/climate/", lesson_view.lesson_climate, name="climate"),
    path("lessons/<int:pk>/climate/chart.<chart:form>", lesson_view.lesson_climate_chart, name="climate-chart"),
    path("lessons/<int:pk>/climate/compare/", compare_view.compare, name="compare"),
    path("lessons/<int:pk>/climate/compare/chart.<chart:form>", compare_view.compare_chart, name="compare-chart"),
    path("lessons/<int:pk>/said/", said_view.lesson_said, name="said"),
    path("lessons/<int:pk>/said/chart.<chart:form>", said_view.lesson_said_chart, name="said-chart"),
    path("lessons/<int:pk>/shared/<int:user_id>/", shared_view.shared_lesson, name="shared-lesson"),
    path(
        "lessons/<int:pk>/shared/<int:user_id>/chart.<chart:form>",
        shared_view.shared_lesson_chart,
        name="shared-lesson-chart",
    ),
    path("courses/<slug:slug>/shared/<int:user_id>/", shared_view.shared_course, name="shared-course"),
    path(
        "courses/<slug:slug>/shared/<int:user_id>/chart.<chart:form>",
        shared_view.shared_course_chart,
        name="shared-course-chart",
    ),
    path("support/", views.support_wishes, name="support"),
    path("courses/<slug:slug>/history/", views.course_history, name="course-history"),
    path("courses/<slug:slug>/history/chart.<chart:form>", views.course_history_chart, name="course-history-chart"),
]
