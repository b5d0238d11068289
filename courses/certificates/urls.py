from django.urls import path

from courses.certificates import views

app_name = "certificates"

urlpatterns = [
    path("certificates/", views.own, name="own"),
    path("certificates/<str:code>.pdf", views.paper, name="paper"),
    path("certificates/<str:code>/", views.verify, name="verify"),
    path("certificates/<str:code>/revoke/", views.revoke, name="revoke"),
    path("courses/<slug:slug>/certificates/", views.rule, name="rule"),
]
