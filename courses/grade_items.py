from dataclasses import dataclass


@dataclass(frozen=True)
class GradeItem:
    key: str
    title: str
    kind: str
    block_id: int
    points: float
    url: str
