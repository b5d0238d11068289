import os

from celery import Celery
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

app = Celery("attune")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["emotion", "courses.notifications"])

_publishers = []


@worker_ready.connect
def _publish_figures(sender, **_) -> None:
    from lms.metrics.processes import WORKER_UP, Publisher

    if not settings.REDIS_URL:
        return
    for queue in sender.app.amqp.queues.consume_from:
        WORKER_UP.labels(queue).set(1)
    publisher = Publisher("worker", settings.REDIS_URL)
    publisher.start()
    _publishers.append(publisher)


@worker_shutdown.connect
def _stop_publishing(**_) -> None:
    while _publishers:
        _publishers.pop().stop()
