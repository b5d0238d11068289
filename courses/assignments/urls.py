from django.urls import path

from courses.assignments import views

app_name = "assignments"

urlpatterns = [
    path("assignments/<int:pk>/save/", views.save, name="save"),
    path("assignments/<int:pk>/files/", views.add_file, name="add-file"),
    path("assignments/<int:pk>/hand-in/", views.hand_in, name="hand-in"),
    path("assignments/<int:pk>/submissions/", views.submissions, name="submissions"),
    path("assignments/<int:pk>/release/", views.release, name="release"),
    path("submissions/<int:pk>/", views.grade, name="grade"),
    path("submission-files/<int:pk>/remove/", views.remove_file, name="remove-file"),
    path("submission-files/<int:pk>/<str:name>", views.file, name="file"),
]
