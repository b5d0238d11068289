"""What a course gives marks for. Quizzes and assignments each tell theirs in these words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GradeItem:
    key: str  # "quiz-7", "assignment-3": stays the same when its title changes
    title: str
    kind: str
    block_id: int
    points: float  # the most one can get
    url: str
