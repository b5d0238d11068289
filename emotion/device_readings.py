"""Readings that a student's own device made: probabilities come in, and no frame."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
import uuid
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from courses.models import Block
from emotion.core import affect
from emotion.core.labels import EXPRESSIONS
from emotion.core.manifest import CheckpointError
from emotion.inference.frame_store import open_frame_store
from emotion.inference.results import Answer, FrameResult
from emotion.intake import FRAMES_PER_SECOND, Intake, Sender, find_senders, require_sender
from emotion.models import ModelVersion, Outcome
from emotion.places import Place, read_place, read_sequence
from emotion.policy import features_are_on
from emotion.reading_place import DEVICE, device_model
from emotion.registry import promoted_model
from emotion.services import Refused, record_readings
from emotion.wording import HINTS

logger = logging.getLogger(__name__)

SUM_WITHIN = 0.01
LONGEST_LATENCY_MS = 60_000
REASONS = {"", "unreadable", *HINTS} - set(Outcome.values)


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
    """A reading as it came in."""

    user_id: int
    session_id: str
    reading: DeviceReading


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
        checked = _check(submissions)
        versions = {each.version for each in checked if isinstance(each, _Checked)}
        for version in versions:
            answers = [each.answer for each in checked if isinstance(each, _Checked) and each.version == version]
            record_readings(answers=answers, model_version=version)
    except (DatabaseError, RedisError, OSError):
        logger.warning("%d readings were refused: the database or Redis is away.", len(submissions))
        return [_away() for _ in submissions]
    _have_states_observed({each.answer.session_id for each in checked if isinstance(each, _Checked)})
    return [each.answer.sequence if isinstance(each, _Checked) else each for each in checked]


@dataclass(frozen=True)
class _Checked:
    answer: Answer
    version: ModelVersion


def _check(submissions: Sequence[Submission]) -> list[_Checked | Refused]:
    senders = find_senders(submission.session_id for submission in submissions)
    features_on = features_are_on()
    numbers = {submission.reading.place.block_number for submission in submissions} - {0}
    lesson_of = dict(Block.objects.filter(pk__in=numbers).values_list("pk", "lesson_id")) if numbers else {}
    versions = _versions({submission.reading.model for submission in submissions})
    checked: list[_Checked | Refused] = []
    for submission in submissions:
        reading = submission.reading
        try:
            sender = require_sender(
                senders.get(submission.session_id), submission.user_id, features_on=features_on, mode=DEVICE
            )
            if reading.place.block_number and lesson_of.get(reading.place.block_number) != sender.lesson_id:
                raise Refused("That block is not part of this lesson.", 400)
            version = versions.get(reading.model)
            result = _complete(reading.result, _classes(version, reading.result))
        except Refused as refusal:
            checked.append(refusal)
        else:
            checked.append(_Checked(_answer(reading, sender, result), version))
    return _limit_rate(checked, senders)


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
        raise Refused("Another model serves now. Stop the camera and start it again.", 409)
    if unknown := set(result.probabilities or ()) - set(model.manifest.classes):
        raise Refused(f"The model has no class called {', '.join(sorted(unknown))}.", 400)
    return model.manifest.classes


def _answer(reading: DeviceReading, sender: Sender, result: FrameResult) -> Answer:
    now = time.time()
    sequence = reading.sequence
    if sequence is None:
        sequence = int((now - sender.started_at.timestamp()) * 1000)
    return Answer(
        session_id=sender.session_id,
        sequence=sequence,
        accepted_at=now,
        block_number=reading.place.block_number,
        edition=sender.edition,
        place_seconds=reading.place.seconds,
        result=result,
        latency_ms=reading.latency_ms,
    )


def _limit_rate(checked: list[_Checked | Refused], senders: dict[str, Sender]) -> list[_Checked | Refused]:
    keys = [f"frames:{senders[each.answer.session_id].user_id}" for each in checked if isinstance(each, _Checked)]
    counts = iter(open_frame_store(settings.REDIS_URL).count_many(keys, 1))
    too_fast = f"At most {FRAMES_PER_SECOND} readings a second are taken; please slow down."
    return [
        Refused(too_fast, 429) if isinstance(each, _Checked) and next(counts) > FRAMES_PER_SECOND else each
        for each in checked
    ]


def _away() -> Refused:
    return Refused("The server cannot take a reading right now; it will again in a moment.", 503)


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
        counts = open_frame_store(settings.REDIS_URL).count_many([f"state:{each}" for each in sessions], window)
        due = [session_id for session_id, count in zip(sessions, counts, strict=True) if count == 1]
        if due:
            watch_states.apply_async(args=[due], expires=window)
    except (RedisError, BrokerError, OSError):
        logger.warning("No learning state for %d sessions this time: the broker is away.", len(sessions))


class ReadingIntake(Intake):
    """The readings that the sockets of one event loop receive, recorded together as frames are."""

    submit_many = staticmethod(submit_readings)


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
