from django.urls import path

from courses.notifications.consumers import NotificationSocket

websocket_urlpatterns = [path("ws/notifications/", NotificationSocket.as_asgi())]
