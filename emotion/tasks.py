from celery import shared_task
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings

from emotion.inference.frame_store import open_frame_store

QUEUE = "frames"


@shared_task(name="emotion.process_frames", ignore_result=True)
def process_frames(session_ids: list[str]) -> None:
    """Hand the sessions' newest frames to the batcher. Run twice, the second finds no frame and does nothing."""
    from emotion.live import live_batcher

    for frame in open_frame_store(settings.REDIS_URL, settings.SECRET_KEY).take_many(session_ids):
        live_batcher().submit(frame)


@shared_task(name="emotion.watch_states", ignore_result=True)
def watch_states(session_ids: list[str]) -> None:
    """Note sessions with new readings from their students' devices. Run twice in a window, each is observed once."""
    from emotion import live

    live.watch_states(session_ids)


@shared_task(name="emotion.forget_faces", ignore_result=True)
def forget_faces(session_ids: list[str]) -> None:
    """Forget where the faces of ended sessions were. Run twice, the second finds nothing."""
    from emotion import live

    live.forget_faces(session_ids)


@worker_ready.connect
def _load_model(sender, **_) -> None:
    if QUEUE in sender.app.amqp.queues.consume_from:
        from emotion.live import live_batcher

        live_batcher()


@worker_shutdown.connect
def _stop_batcher(**_) -> None:
    from emotion.live import stop_batcher

    stop_batcher()
