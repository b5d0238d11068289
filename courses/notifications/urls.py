from django.urls import path

from courses.notifications import views

app_name = "notifications"

urlpatterns = [
    path("notifications/", views.notifications, name="list"),
    path("notifications/read/", views.mark_all_read, name="read-all"),
    path("notifications/<int:pk>/", views.open_notification, name="open"),
    path("notifications/<int:pk>/read/", views.mark_one_read, name="read"),
    path("notifications/settings/", views.preferences, name="settings"),
    path("notifications/unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("courses/<slug:slug>/announcements/", views.announcements, name="announcements"),
    path("courses/<slug:slug>/announcements/new/", views.write_announcement, name="announce"),
    path("announcements/<int:pk>/edit/", views.edit_announcement, name="edit-announcement"),
    path("announcements/<int:pk>/delete/", views.delete_announcement, name="delete-announcement"),
]
