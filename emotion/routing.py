from django.urls import path

from emotion.class_socket import ClassSocket
from emotion.consumers import FrameSocket

websocket_urlpatterns = [
    path("ws/lesson-sessions/<uuid:session_id>/", FrameSocket.as_asgi()),
    path("ws/courses/<int:course_id>/now/", ClassSocket.as_asgi()),
]
