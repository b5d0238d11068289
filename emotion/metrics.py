"""What is counted on the live path, in each process for itself; lms.metrics puts the processes together.

Numbers of frames only: no session, student or course is ever a label.
"""

from prometheus_client import Counter, Histogram

FRAMES_TAKEN = Counter("attune_frames_taken", "Frames that came in: accepted or refused.", ["outcome"])
FRAMES_ANSWERED = Counter("attune_frames_answered", "Frames whose reading was recorded.")
FRAMES_DROPPED = Counter("attune_frames_dropped", "Accepted frames without a reading, by reason.", ["reason"])
ANSWER_SECONDS = Histogram(
    "attune_answer_seconds",
    "From a frame's arrival to its reading.",
    buckets=(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3),
)
BATCH_SIZE = Histogram("attune_batch_size", "Frames read at once.", buckets=(1, 2, 4, 8, 12, 16))
BATCH_SECONDS = Histogram(
    "attune_batch_seconds", "What reading a batch took.", buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1)
)
