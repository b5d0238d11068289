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
HINTS = {
    "no_face": "No face in view right now. That is fine.",
    "several_faces": "Several faces in view, so nothing is read.",
    "unclear": "The picture is unclear. A bit more light, or a little closer, helps.",
}


def describe(outcome: str, probabilities: dict[str, float | None] | None) -> str:
    """A short sentence for the student."""
    if outcome != "face" or not probabilities:
        return HINTS.get(outcome, HINTS["unclear"])
    name, value = max(probabilities.items(), key=lambda item: item[1] or 0.0)
    return LOOKS[name] if (value or 0.0) >= CLEAR_ENOUGH else "Looks mixed, hard to say"
