from django.urls import path

from courses.transfer import views

app_name = "transfer"

urlpatterns = [
    path("courses/import/", views.import_course, name="import"),
    path("courses/<slug:slug>/export/", views.export_course, name="export"),
]
