from django.urls import path

from courses.enrollment import views

app_name = "enrollment"

urlpatterns = [
    path("courses/<slug:slug>/people/", views.people, name="people"),
    path("courses/<slug:slug>/people/import/", views.import_people, name="import"),
    path("courses/<slug:slug>/people/joining/", views.joining, name="joining"),
    path("courses/<slug:slug>/people/cohorts/", views.add_cohort, name="add-cohort"),
    path("courses/<slug:slug>/people/invitations/", views.add_invitation, name="add-invitation"),
    path("cohorts/<int:pk>/remove/", views.remove_cohort, name="remove-cohort"),
    path("invitations/<int:pk>/revoke/", views.revoke, name="revoke"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/remove/", views.remove, name="remove"),
    path("people/<int:pk>/answer/", views.answer, name="answer"),
    path("join/<str:token>/", views.join, name="join"),
]
