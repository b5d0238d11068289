from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("theme/", views.set_theme, name="theme"),
    path("you/", views.profile, name="profile"),
    path("you/export/", views.export, name="export"),
    path("you/erase/", views.erase, name="erase"),
]
