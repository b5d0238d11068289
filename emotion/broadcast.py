"""Messages to the open pages of lesson sessions, from any thread."""

from __future__ import annotations

from typing import Any

from courses.broadcast import send_to_groups, use_loop

__all__ = ["send_many", "send_to_session", "use_loop"]


def send_to_session(session_id: str, message: dict[str, Any]) -> None:
    """Push `message` to every open page of a session, from any thread. Never blocks, never raises."""
    send_many({session_id: [message]})


def send_many(messages: dict[str, list[dict[str, Any]]]) -> None:
    """The same for many sessions at once: {session id: messages}."""
    send_to_groups(
        {
            f"session.{session_id}": [{"type": "session.message", "message": item} for item in items]
            for session_id, items in messages.items()
        }
    )
