from django.urls import path

from emotion.consumers import FrameSocket

websocket_urlpatterns = [
    path("ws/lesson-sessions/<uuid:session_id>/", FrameSocket.as_asgi()),
]
