from django.urls import path

from courses.events import views

app_name = "events"

urlpatterns = [
    path("courses/<slug:slug>/webhooks/", views.webhooks, name="course"),
    path("webhooks/", views.webhooks, name="site"),
    path("webhooks/<int:pk>/", views.webhook, name="webhook"),
    path("webhooks/<int:pk>/rotate/", views.rotate, name="rotate"),
    path("webhooks/<int:pk>/test/", views.test, name="test"),
    path("webhooks/<int:pk>/switch/", views.switch, name="switch"),
    path("webhooks/<int:pk>/remove/", views.remove, name="remove"),
    path("webhooks/deliveries/<int:pk>/again/", views.again, name="again"),
]
