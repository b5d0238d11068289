from django.urls import path

from courses.overview import views

app_name = "overview"

urlpatterns = [
    path("courses/<slug:slug>/teaching/", views.overview, name="overview"),
    path("courses/<slug:slug>/teaching/funnel.<chart:form>", views.funnel_chart, name="funnel-chart"),
]
