from django.urls import path

from courses import views

app_name = "courses"

urlpatterns = [
    path("", views.landing, name="landing"),
    path("home/", views.home, name="home"),
    path("courses/", views.catalogue, name="catalogue"),
    path("courses/<slug:slug>/", views.course, name="course"),
    path("courses/<slug:slug>/enroll/", views.enroll, name="enroll"),
    path("courses/<slug:slug>/leave/", views.leave, name="leave"),
    path("lessons/<int:pk>/", views.lesson, name="lesson"),
    path("lessons/<int:pk>/progress/", views.record_progress, name="progress"),
    path("lessons/<int:pk>/complete/", views.complete_lesson, name="complete"),
    path("blocks/<int:pk>/progress/", views.record_block, name="block-progress"),
    path("blocks/<int:pk>/reflection/", views.save_reflection, name="reflection"),
    path("courses/<slug:slug>/see-as/", views.see_as, name="see-as"),
    path("files/<int:pk>/<str:name>", views.asset, name="asset"),
]
