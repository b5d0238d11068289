"""The words for what a frame looked like. "Looks", never "is": an expression is weak evidence of a feeling."""

from __future__ import annotations

# Below this, no expression stands out enough to be named.
CLEAR_ENOUGH = 0.45

LOOKS = {
    "neutral": "Looks calm",
    "happiness": "Looks happy",
    "surprise": "Looks surprised",
    "sadness": "Looks a little down",
    "anger": "Looks tense",
    "disgust": "Looks put off",
    "fear": "Looks uneasy",
    "contempt": "Looks sceptical",
}
STATE_LOOKS = {
    "engaged": "Looks engaged",
    "confused": "Looks puzzling here",
    "frustrated": "Looks like hard going",
    "bored": "Looks slow going",
    "delighted": "Looks delighted",
    "neutral": "Nothing stands out",
    "unknown": "Hard to say",
}
HINTS = {
    "no_face": "No face in view right now. That is fine.",
    "several_faces": "Several faces in view, so nothing is read.",
    "unclear": "The picture is unclear. A bit more light, or a little closer, helps.",
    "too_small": "Your face is small in the picture. A little closer helps.",
    "too_dark": "The picture is dark. A bit more light on your face helps.",
    "too_bright": "The picture is very bright. A little less light, or none from behind, helps.",
    "too_blurred": "The picture is blurred. Holding still, or wiping the lens, helps.",
    "tilted": "Your head looks tilted, so nothing is read. Upright works best.",
}


def describe(outcome: str, probabilities: dict[str, float | None] | None, reason: str = "") -> str:
    """A short sentence for the student; of an unclear picture, what would help."""
    if outcome != "face" or not probabilities:
        return HINTS.get(reason) or HINTS.get(outcome, HINTS["unclear"])
    name, value = max(probabilities.items(), key=lambda item: item[1] or 0.0)
    return LOOKS[name] if (value or 0.0) >= CLEAR_ENOUGH else "Looks mixed, hard to say"
