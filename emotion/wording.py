"""The words for what a frame looked like. "Looks", never "is": an expression is weak evidence of a feeling."""

from __future__ import annotations

# Only marked here: whoever tells them to a person says them in their language.
from django.utils.translation import gettext_noop as _

# Below this, no expression stands out enough to be named.
CLEAR_ENOUGH = 0.45

# As tables and charts name them; by these words a template finds the translation.
EXPRESSION_NAMES = (
    _("neutral"),
    _("happiness"),
    _("surprise"),
    _("sadness"),
    _("anger"),
    _("disgust"),
    _("fear"),
    _("contempt"),
)
STATE_NAMES = (_("engaged"), _("confused"), _("frustrated"), _("bored"), _("delighted"), _("unsure"))

MIXED = _("Looks mixed, hard to say")
LOOKS = {
    "neutral": _("Looks calm"),
    "happiness": _("Looks happy"),
    "surprise": _("Looks surprised"),
    "sadness": _("Looks a little down"),
    "anger": _("Looks tense"),
    "disgust": _("Looks put off"),
    "fear": _("Looks uneasy"),
    "contempt": _("Looks sceptical"),
}
STATE_LOOKS = {
    "engaged": _("Looks engaged"),
    "confused": _("Looks puzzling here"),
    "frustrated": _("Looks like hard going"),
    "bored": _("Looks slow going"),
    "delighted": _("Looks delighted"),
    "neutral": _("Nothing stands out"),
    "unknown": _("Hard to say"),
}
HINTS = {
    "no_face": _("No face in view right now. That is fine."),
    "several_faces": _("Several faces in view, so nothing is read."),
    "unclear": _("The picture is unclear. A bit more light, or a little closer, helps."),
    "too_small": _("Your face is small in the picture. A little closer helps."),
    "too_dark": _("The picture is dark. A bit more light on your face helps."),
    "too_bright": _("The picture is very bright. A little less light, or none from behind, helps."),
    "too_blurred": _("The picture is blurred. Holding still, or wiping the lens, helps."),
    "not_moving": _("The picture does not move, so nothing is read. Does the camera still see you?"),
    "tilted": _("Your head looks tilted, so nothing is read. Upright works best."),
}
# What a course lacks before its own signs are trusted, as emotion.core.affect_calibration says it with its numbers.
SHORTFALLS = (
    _("%(have)s of %(needed)s answers"),
    _("%(have)s of %(needed)s different answers, each given 8 times"),
    _("%(have)s of %(needed)s answers that were given 8 times"),
    _("%(have)s of %(needed)s students"),
)
# What emotion.inference says, which knows no Django.
DROPPED = (
    _("A newer frame took its place."),
    _("This one had waited too long."),
    _("Something went wrong on our side."),
)


def describe(outcome: str, probabilities: dict[str, float | None] | None, reason: str = "") -> str:
    """A short sentence for the student; of an unclear picture, what would help."""
    if outcome != "face" or not probabilities:
        return HINTS.get(reason) or HINTS.get(outcome, HINTS["unclear"])
    name, value = max(probabilities.items(), key=lambda item: item[1] or 0.0)
    return LOOKS[name] if (value or 0.0) >= CLEAR_ENOUGH else MIXED
