"""What a person's face gave rise to: exported and erased on request."""

from emotion import services
from emotion.core.labels import EXPRESSIONS
from emotion.models import Consent, EmotionBucket, EmotionReading, LessonSession


def export_emotion(user) -> dict:
    fields = ("block_number", "edition", *EXPRESSIONS)
    return {
        "consents": list(
            Consent.objects.visible_to(user).values(
                "course__title", "version", "share_with_instructor", "granted_at", "withdrawn_at"
            )
        ),
        "sessions": list(
            LessonSession.objects.visible_to(user).values("id", "lesson__title", "started_at", "ended_at")
        ),
        "readings": list(
            EmotionReading.objects.visible_to(user).values(
                "session_id", "sequence", "taken_at", "place_seconds", "outcome", *fields
            )
        ),
        "history": list(
            EmotionBucket.objects.visible_to(user).values(
                "session_id", "place", "minute", "faces", "no_face", "several_faces", "unclear", *fields
            )
        ),
    }


def erase_emotion(user) -> int:
    count = services.erase_history(user=user)
    deleted, _ = Consent.objects.filter(user=user).delete()
    return count + deleted
