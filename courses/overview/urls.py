from django.urls import path

from courses.overview import views

app_name = "overview"

urlpatterns = [path("courses/<slug:slug>/teaching/", views.overview, name="overview")]
