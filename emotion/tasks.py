from celery import shared_task
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings

from emotion.inference.frame_store import open_frame_store

QUEUE = "frames"


@shared_task(name="emotion.process_frame", ignore_result=True)
def process_frame(session_id: str) -> None:
    """Hand a session's newest frame to the batcher. Run twice, the second finds no frame and does nothing."""
    from emotion.live import live_batcher

    frame = open_frame_store(settings.REDIS_URL).take(session_id)
    if frame is not None:
        live_batcher().submit(frame)


@worker_ready.connect
def _load_model(sender, **_) -> None:
    if QUEUE in sender.app.amqp.queues.consume_from:
        from emotion.live import live_batcher

        live_batcher()


@worker_shutdown.connect
def _stop_batcher(**_) -> None:
    from emotion.live import stop_batcher

    stop_batcher()
