"""What the engine says of a frame. No torch in here: web processes and the batcher's users read these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Face:
    """A box in pixels of the frame, the detector's score in 0..1, and the tilt of the line through the eyes in degrees
    (positive when the eye on the picture's right is lower)."""

    x: float
    y: float
    width: float
    height: float
    score: float
    tilt: float = 0.0

    @property
    def area(self) -> float:
        return self.width * self.height


@dataclass(frozen=True)
class FrameResult:
    """What one frame showed: `outcome` is face, no_face, several_faces or unclear.

    `reason` says why a frame is unclear: too_small, too_dark, too_bright, too_blurred, tilted, not_moving,
    unreadable.
    `probabilities` has all 8 expressions by name (None where the model has no such class), and is None unless `outcome`
    is "face".
    """

    outcome: str
    probabilities: dict[str, float | None] | None = None
    face: Face | None = None
    reason: str = ""


@dataclass(frozen=True)
class Answer:
    """A frame's result, without the frame. `accepted_at` is Unix time; `latency_ms` runs from there to classified;
    `pace_ms` is how long the page should wait between two frames; `served_by` is the predictor's word for its model."""

    session_id: str
    sequence: int
    accepted_at: float
    block_number: int
    edition: int
    place_seconds: float
    result: FrameResult
    latency_ms: int
    pace_ms: int = 1000
    served_by: object = None
