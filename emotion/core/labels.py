"""Expression names, their one order, and the codes that data sets give them.

The order is the one FER+ (Barsoum et al. 2016) and AffectNet (Mollahosseini et al. 2017) share. FER2013 has the
first seven names, in an order of its own. Everything maps by name, never by position.
"""

from __future__ import annotations

EXPRESSIONS: tuple[str, ...] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
EXPRESSIONS_7: tuple[str, ...] = EXPRESSIONS[:7]

# FER2013's `emotion` column: the code is the index into this tuple.
FER2013_CODES: tuple[str, ...] = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

ALIASES: dict[str, str] = {
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprised": "surprise",
    "contemptuous": "contempt",
}


def canonical(name: str) -> str:
    """The canonical name of an expression, whatever a data set calls it.

    Raises ValueError, naming the allowed names, for a word that is no expression.
    """
    word = name.strip().lower()
    word = ALIASES.get(word, word)
    if word not in EXPRESSIONS:
        raise ValueError(f"'{name}' is not an expression; known ones: {', '.join(EXPRESSIONS)}.")
    return word


# What a student does in a lesson's page that says how it goes.
BEHAVIOURS = ("quiz_wrong", "quiz_right", "rewind", "reread", "idle", "rapid_guess", "left_tab", "returned")

# What a window of ten seconds is counted as in a history: a learning state, or that there was no telling.
COUNTED_STATES = ("engaged", "confused", "frustrated", "bored", "delighted", "unsure")
