from django.urls import path

from courses.calendar import views

app_name = "calendar"

urlpatterns = [
    path("calendar/", views.calendar, name="calendar"),
    path("calendar/address/", views.address, name="address"),
    path("calendar/<slug:token>.ics", views.feed, name="feed"),
]
