"""What a research export holds: its tables and the dictionary of their columns.

Nothing here is text that a student wrote, a name, an address or a date of the calendar. A column that is added here is
handed to strangers: the consent's text (templates/emotion/_what_happens.html) has to speak of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.models import SELF_REPORTED, SupportEvent, SupportRule
from emotion.research import rows
from emotion.selectors import COUNTS

Type = Literal["text", "whole number", "number", "true or false"]


@dataclass(frozen=True)
class Column:
    """`empty` says what a cell without a value means; "" where each has one."""

    name: str
    type: Type
    words: str
    empty: str = ""


@dataclass(frozen=True)
class Table:
    """`rows` takes a rows.Member; where the table is `of_course`, the course, once."""

    name: str
    words: str
    rows: Callable[[Any], Iterator[rows.Row]]
    columns: tuple[Column, ...]
    of_course: bool = False


STUDENT = Column("student", "text", "The student's name in this export.")
LESSON = Column("lesson", "whole number", "The lesson, as in the table material.")
BLOCK = Column("block", "whole number", "The part of the lesson, as in the table material.", "no part")
EDITION = Column("edition", "whole number", "Of the lesson: it rises when a lesson is rewritten.")
PLACE = Column("place_seconds", "whole number", "Seconds into the part, of its video or of reading, in steps of ten.")
BEFORE = "not, or before the student agreed to research"


def _day(words: str, empty: str = "", name: str = "day") -> Column:
    return Column(name, "whole number", f"{words} Day 0 is the day on which the course's first student joined.", empty)


def _one_of(words: str, values: tuple[str, ...]) -> str:
    return f"{words} One of: {', '.join(values)}."


TABLES = (
    Table(
        "material",
        "The parts of the course, in its order.",
        rows.material_rows,
        (
            LESSON,
            Column("block", "whole number", "The part of the lesson."),
            Column("position", "whole number", "Place in the course, from 1."),
            Column("lesson_title", "text", "As its author named it."),
            Column("block_title", "text", "As its author named it."),
            Column("kind", "text", "Such as text, video or quiz."),
            Column("edition", "whole number", "The lesson's present edition."),
            Column("removed", "true or false", "Whether the part is no longer in the lesson."),
        ),
        of_course=True,
    ),
    Table(
        "students",
        "Who is in this export.",
        rows.student_rows,
        (
            STUDENT,
            _day("Since when the student's data is here.", name="from_day"),
            Column("camera", "true or false", "Whether the student allows the camera now."),
            Column(
                "history", "true or false", "Whether the student keeps a history; without, emotion_buckets has none."
            ),
        ),
    ),
    Table(
        "progress",
        "How far each student came in each lesson that they opened.",
        rows.progress_rows,
        (
            STUDENT,
            LESSON,
            _day("When it was opened first.", BEFORE, "began_day"),
            _day("When it was completed.", BEFORE, "completed_day"),
            _day("When it was opened last.", name="last_seen_day"),
        ),
    ),
    Table(
        "quiz_attempts",
        "Quizzes that were handed in, without the answers.",
        rows.quiz_rows,
        (
            STUDENT,
            LESSON,
            Column("block", "whole number", "The quiz, as in the table material."),
            Column("attempt", "whole number", "1, 2, 3 for one student in one quiz."),
            Column("expired", "true or false", "Whether it was ended by its time limit."),
            _day("When it was begun."),
            Column("minutes", "whole number", "From begun to handed in."),
            Column("score_percent", "whole number", "0 to 100."),
            Column("passed", "true or false", "By the quiz's present limit."),
        ),
    ),
    Table(
        "self_reports",
        "Answers to “How is this going?”, one press each.",
        rows.self_report_rows,
        (
            STUDENT,
            LESSON,
            BLOCK,
            EDITION,
            PLACE,
            _day("When it was said."),
            Column("state", "text", _one_of("What the student chose.", SELF_REPORTED)),
        ),
    ),
    Table(
        "emotion_buckets",
        "How it looked, summed over ten seconds of place and a minute of time, of students who keep a history. A face "
        "is weak evidence of a feeling: these are guesses of a network and of a model of learning states.",
        rows.bucket_rows,
        (
            STUDENT,
            Column("session", "text", "One stretch with the camera on, by its name in this export."),
            LESSON,
            BLOCK,
            EDITION,
            PLACE,
            _day("When the session began."),
            Column("minute", "whole number", "Of the session, from 0."),
            Column("mode", "text", _one_of("Where pictures were read.", ("server", "device"))),
            *(
                Column(name, "whole number", f"Pictures with this outcome: {words}.")
                for name, words in zip(
                    COUNTS, ("one face", "no face", "several faces", "too unclear to tell"), strict=True
                )
            ),
            *(
                Column(name, "number", "Mean probability of this expression over the faces, 0 to 1.", "no face")
                for name in EXPRESSIONS
            ),
            *(
                Column(name, "whole number", "Windows of ten seconds that ended in this learning state.")
                for name in COUNTED_STATES[:-1]
            ),
            Column(COUNTED_STATES[-1], "whole number", "Windows of ten seconds of which there was no telling."),
        ),
    ),
    Table(
        "support_prompts",
        "Each occasion for an offer of help: shown, or left out by chance to learn whether offers help. Compare only "
        "occasions that are randomised, all of them whatever the response.",
        rows.prompt_rows,
        (
            STUDENT,
            LESSON,
            BLOCK,
            EDITION,
            PLACE,
            _day("When it was."),
            Column("confidence", "number", "How sure the learning state was, 0 to 1; 1 for what the student said."),
            Column(
                "response", "text", _one_of("What the student did.", SupportEvent.RESPONSES), "nothing, or left out"
            ),
            Column("rule", "whole number", "Which rule of support; the same number is the same rule."),
            Column("state", "text", "The learning state that it answers."),
            Column("action", "text", _one_of("What it offers.", tuple(SupportRule.Action.values))),
            Column("randomised", "true or false", "Whether chance decided between offering and leaving out."),
            Column("held_out", "true or false", "Left out by chance: nothing was shown."),
            Column(
                "answered_right_next", "true or false", "The next quiz answer within half an hour.", "there was none"
            ),
            Column("stayed", "true or false", "Went on with the lesson, 5 to 30 minutes later.", "not looked at yet"),
            Column("reported_better", "true or false", "Said within half an hour that it goes well.", "said nothing"),
        ),
    ),
)
