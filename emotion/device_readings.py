"""Readings that a student's own device made: probabilities come in, and no frame."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
import time
import uuid
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext_noop as _
from redis.exceptions import RedisError

from emotion.core import affect
from emotion.core.labels import EXPRESSIONS
from emotion.core.manifest import CheckpointError
from emotion.inference.frame_store import open_frame_store
from emotion.inference.results import Answer, FrameResult
from emotion.inference.stillness import Stillness
from emotion.intake import Intake, Sender, admit, limit_rate, number_of
from emotion.models import ModelVersion, Outcome
from emotion.places import Place, read_place, read_sequence
from emotion.reading_place import DEVICE, device_model
from emotion.registry import promoted_model
from emotion.services import Refused, record_readings
from emotion.wording import HINTS

logger = logging.getLogger(__name__)

SUM_WITHIN = 0.01
LONGEST_LATENCY_MS = 60_000
REASONS = {"", "unreadable", *HINTS} - set(Outcome.values)
_stillness = Stillness()
_stillness_lock = threading.Lock()


@dataclass(frozen=True)
class DeviceReading:
    """What a page says of a frame that it read itself. `model` is the sha256 of the weights, or empty for those that
    are promoted. Without a sequence, it is numbered by the milliseconds since the session began."""

    sequence: int | None
    place: Place
    result: FrameResult
    latency_ms: int = 0
    model: str = ""


@dataclass(frozen=True)
class Submission:
    """A reading as it came in, at a Unix time."""

    user_id: int
    session_id: str
    reading: DeviceReading
    arrived_at: float = field(default_factory=time.time)

    @property
    def place(self) -> Place:
        return self.reading.place


def parse_reading(message: object) -> DeviceReading:
    """From JSON: {"sequence", "outcome", "reason", "probabilities", "block", "place_seconds", "latency_ms", "model"},
    of which `outcome` must be there, and `probabilities` for a face. Raises ValueError with one sentence."""
    if not isinstance(message, dict):
        raise ValueError("A reading is a JSON object.")
    outcome, reason, model = message.get("outcome"), message.get("reason") or "", message.get("model") or ""
    if outcome not in Outcome.values:
        raise ValueError(f"A reading's outcome is one of {', '.join(Outcome.values)}.")
    if not isinstance(reason, str) or reason not in REASONS or (reason and outcome != Outcome.UNCLEAR):
        raise ValueError("A reading's reason is one that makes a picture unclear.")
    # Anything else reaches the database within a query for many students' readings, and could cost them all.
    if not isinstance(model, str) or (model and not re.fullmatch("[0-9a-f]{64}", model)):
        raise ValueError("A reading's model is the sha256 of its weights.")
    probabilities = _read_probabilities(message.get("probabilities"), outcome)
    return DeviceReading(
        sequence=read_sequence(message.get("sequence")),
        place=read_place(message.get("block"), message.get("place_seconds")),
        result=FrameResult(outcome, probabilities, reason=reason),
        latency_ms=_read_latency(message.get("latency_ms")),
        model=model,
    )


def submit_reading(*, user, session_id: uuid.UUID | str, reading: DeviceReading) -> int:
    """Record one reading; see submit_readings. Returns its sequence. Raises Refused."""
    [outcome] = submit_readings([Submission(user.pk, str(session_id), reading)])
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def submit_readings(submissions: Sequence[Submission]) -> list[int | Refused]:
    """Record readings under the same conditions as frames, and tell the sessions' pages. Each gets its sequence, or a
    refusal with nothing kept: because it may not or cannot be taken, or because the database is away.

    A reading that comes twice is recorded once; its page is told "dropped" the second time, as for a frame.
    """
    try:
        outcomes = _check(submissions)
    except (DatabaseError, RedisError, OSError):
        logger.warning("%d readings were refused: the database or Redis is away.", len(submissions))
        return [_away() for _ in submissions]
    recorded = {
        version: _record(version, outcomes)
        for version in {each.version for each in outcomes if isinstance(each, _Checked)}
    }
    _have_states_observed(
        {each.answer.session_id for each in outcomes if isinstance(each, _Checked) and recorded[each.version]}
    )
    return [
        each if isinstance(each, Refused) else each.answer.sequence if recorded[each.version] else _away()
        for each in outcomes
    ]


@dataclass(frozen=True)
class _Checked:
    answer: Answer
    version: ModelVersion


def _record(version: ModelVersion, checked: Sequence[_Checked | Refused]) -> bool:
    """Record one model's readings. Returns whether the database took them."""
    answers = [each.answer for each in checked if isinstance(each, _Checked) and each.version == version]
    try:
        record_readings(answers=answers, model_version=version)
    except (DatabaseError, OSError):
        logger.warning("%d readings were refused: the database is away.", len(answers))
        return False
    return True


def _check(submissions: Sequence[Submission]) -> list[_Checked | Refused]:
    versions = _versions({submission.reading.model for submission in submissions})
    checked = [
        each if isinstance(each, Refused) else _checked(submission, each, versions.get(submission.reading.model))
        for submission, each in zip(submissions, admit(submissions, DEVICE), strict=True)
    ]
    return limit_rate(checked, submissions, "readings")


def _checked(submission: Submission, sender: Sender, version: ModelVersion | None) -> _Checked | Refused:
    reading = submission.reading
    try:
        classes = _classes(version, reading.result)
        sequence = number_of(reading.sequence, sender, submission.arrived_at)
    except Refused as refusal:
        return refusal
    result = _complete(reading.result, classes)
    if result.probabilities and _is_dead(sender.session_id, result.probabilities):
        result = FrameResult(Outcome.UNCLEAR, None, reason="not_moving")
    answer = Answer(
        session_id=sender.session_id,
        sequence=sequence,
        accepted_at=submission.arrived_at,
        block_number=reading.place.block_number,
        edition=sender.edition,
        place_seconds=reading.place.seconds,
        result=result,
        latency_ms=reading.latency_ms,
    )
    return _Checked(answer, version)


def _is_dead(session_id: str, probabilities: Mapping[str, float | None]) -> bool:
    """Whether what this process got of the session has been the same for a minute."""
    with _stillness_lock:  # readings come by a socket's thread and by requests'
        return _stillness.is_dead_reading(session_id, probabilities)


def _versions(models: set[str]) -> dict[str, ModelVersion]:
    """By what the pages say: a page that was open when another model was promoted keeps its own."""
    named = ModelVersion.objects.filter(weights_sha256__in=models - {""}) if models - {""} else ()
    versions = {version.weights_sha256: version for version in named}
    if "" in models:
        with contextlib.suppress(CheckpointError):
            versions[""] = promoted_model()
    return versions


def _classes(version: ModelVersion | None, result: FrameResult) -> tuple[str, ...]:
    model = device_model(version) if version else None
    if model is None:
        raise Refused(_("Another model serves now. Stop the camera and start it again."), 409)
    if unknown := set(result.probabilities or ()) - set(model.manifest.classes):
        raise Refused(f"The model has no class called {', '.join(sorted(unknown))}.", 400)
    return model.manifest.classes


def _away() -> Refused:
    return Refused(_("The server cannot take a reading right now; it will again in a moment."), 503)


def _complete(result: FrameResult, classes: tuple[str, ...]) -> FrameResult:
    """All eight, as the engine answers: 0 for a class that was left out, None where the model has no such class."""
    if result.probabilities is None:
        return result
    shares = {name: result.probabilities.get(name, 0.0) if name in classes else None for name in EXPRESSIONS}
    return FrameResult(result.outcome, shares, reason=result.reason)


def _have_states_observed(session_ids: set[str]) -> None:
    """Once a window, by whichever worker has the learning states. Its absence costs a window and no reading."""
    from emotion.tasks import watch_states

    sessions, window = sorted(session_ids), int(affect.DEFAULT.window)
    try:
        counts = open_frame_store(settings.REDIS_URL, settings.SECRET_KEY).count_many(
            [f"state:{each}" for each in sessions], window
        )
        due = [session_id for session_id, count in zip(sessions, counts, strict=True) if count == 1]
        if due:
            watch_states.apply_async(args=[due], expires=window)
    except Exception as error:  # the readings are recorded and told: nothing here may refuse them
        logger.warning("No learning state for %d sessions this time: %s", len(sessions), error)


class ReadingIntake(Intake):
    """The readings that the sockets of one event loop receive, recorded together as frames are."""

    submit_many = staticmethod(submit_readings)
    thread = ThreadPoolExecutor(1, "reading-intake")  # writes, for which frames, that are looked up only, do not wait


_intakes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, ReadingIntake] = weakref.WeakKeyDictionary()


def this_loops_reading_intake() -> ReadingIntake:
    return _intakes.setdefault(asyncio.get_running_loop(), ReadingIntake())


def _read_probabilities(value: object, outcome: str) -> dict[str, float] | None:
    """Without what is null: a class that the model does not have."""
    if outcome != Outcome.FACE:
        if value:
            raise ValueError("Only a face has probabilities.")
        return None
    if not isinstance(value, dict) or not value:
        raise ValueError("A face has probabilities by name.")
    shares = {name: share for name, share in value.items() if share is not None}
    if unknown := set(value) - set(EXPRESSIONS):
        # Not quoted in full: it may be anything, of any length.
        raise ValueError(f"'{min(unknown)[:40]}' is not an expression; known ones: {', '.join(EXPRESSIONS)}.")
    if not all(_is_number(share) and 0 <= share <= 1 for share in shares.values()):
        raise ValueError("Each probability is a number from 0 to 1.")
    if abs(sum(shares.values()) - 1) > SUM_WITHIN:
        raise ValueError("The probabilities of a face add up to 1.")
    return {name: float(share) for name, share in shares.items()}


def _read_latency(value: object) -> int:
    if value is None:
        return 0
    if not _is_number(value):
        raise ValueError("A reading's latency_ms is a number of milliseconds.")
    return round(min(max(value, 0), LONGEST_LATENCY_MS))  # type: ignore[type-var]


def _is_number(value: object) -> bool:
    """Not for NaN; infinity is for the caller's limits, which an integer of any size can be held against too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
