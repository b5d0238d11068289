from django.urls import path

from courses.discussion import team_views, views

app_name = "discussion"

urlpatterns = [
    path("lessons/<int:pk>/discussion/", views.lesson, name="lesson"),
    path("courses/<slug:slug>/discussion/", views.course, name="course"),
    path("courses/<slug:slug>/questions/", team_views.questions, name="questions"),
    path("courses/<slug:slug>/reports/", team_views.reports, name="reports"),
    path("discussion/<int:pk>/", views.thread, name="thread"),
    path("discussion/<int:pk>/follow/", views.follow, name="follow"),
    path("discussion/<int:pk>/moderate/", team_views.moderate_thread, name="moderate"),
    path("discussion/posts/<int:pk>/", views.post, name="post"),
    path("discussion/posts/<int:pk>/act/", views.act, name="act"),
    path("discussion/posts/<int:pk>/edit/", views.edit, name="edit"),
    path("discussion/posts/<int:pk>/delete/", views.delete, name="delete"),
    path("discussion/posts/<int:pk>/history/", views.history, name="history"),
    path("discussion/posts/<int:pk>/report/", views.report, name="report"),
    path("discussion/posts/<int:pk>/hide/", team_views.hide, name="hide"),
    path("discussion/posts/<int:pk>/show/", team_views.show, name="show"),
]
