from django.urls import include, path

urlpatterns = [path("", include("emotion.dashboard.urls"))]
