"""What the engine says of a frame. No torch in here: web processes and the batcher's users read these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Face:
    """A box in pixels of the picture it was found in, and the detector's score in 0..1."""

    x: float
    y: float
    width: float
    height: float
    score: float

    @property
    def area(self) -> float:
        return self.width * self.height


@dataclass(frozen=True)
class FrameResult:
    """What one frame showed: `outcome` is face, no_face, several_faces or unclear.

    `probabilities` has all 8 expressions by name (None where the model has no such class), and is None unless `outcome`
    is "face".
    """

    outcome: str
    probabilities: dict[str, float | None] | None = None
    face: Face | None = None


@dataclass(frozen=True)
class Answer:
    """A frame's result, without the frame. `accepted_at` is Unix time; `latency_ms` runs from there to classified."""

    session_id: str
    sequence: int
    accepted_at: float
    block_number: int
    edition: int
    place_seconds: float
    result: FrameResult
    latency_ms: int
