from django.urls import path

from courses.at_risk import views

app_name = "at_risk"

urlpatterns = [
    path("courses/<slug:slug>/at-risk/", views.at_risk, name="list"),
    path("people/<int:pk>/reach-out/", views.reach_out, name="reach-out"),
    path("outreach/<int:pk>/", views.outreach, name="outreach"),
]
