from django.urls import path

from courses.gradebook import views

app_name = "gradebook"

urlpatterns = [
    path("courses/<slug:slug>/gradebook/", views.gradebook, name="gradebook"),
    path("courses/<slug:slug>/gradebook.csv", views.as_csv, name="csv"),
    path("courses/<slug:slug>/gradebook/setup/", views.setup, name="setup"),
    path("courses/<slug:slug>/gradebook/<str:key>/<int:user_id>/", views.override, name="override"),
    path("courses/<slug:slug>/grades/", views.own_grades, name="own"),
]
