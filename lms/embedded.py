"""The embedded wiring: the frames' worker as a thread of the web process, on the memory:// broker."""

from __future__ import annotations

import logging
import sys
import threading

from celery import Celery

from lms.metrics.processes import WORKER_UP

logger = logging.getLogger(__name__)

# The engine gives the interpreter's lock away several times a frame, and waits this long to have it back from a thread
# of the web's. Beside a busy one a frame took 44 ms with Python's own 5 ms, 9 with half a millisecond, 6 with this.
SWITCH_SECONDS = 0.0001


class EmbeddedWorker:
    """A Celery controller in a thread. One in a process: Celery's queue selection and stop flag are global."""

    def __init__(self, app: Celery, queue: str) -> None:
        self._app = app
        self._queue = queue
        self._thread = threading.Thread(target=self._run, name="embedded-worker", daemon=True)

    def start(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread.start()

    def stop(self, timeout: float = 10) -> None:
        """Finish what is in hand and end the thread."""
        from celery.worker import state

        state.should_stop = 0  # an exit code, read by the controller's loop: stop, and report success
        self._thread.join(timeout)
        state.should_stop = None
        if self._thread.is_alive():
            logger.warning("The embedded worker did not stop within %.0f s.", timeout)

    def _run(self) -> None:
        from celery.app import trace

        from emotion.live import live_batcher

        try:
            live_batcher()  # the worker's command line loads the model on its "ready" signal, which is not sent here
            # The worker's command line does this before it starts; without it every task is rejected.
            trace.setup_worker_optimizations(self._app)
            WORKER_UP.labels(self._queue).set(1)
            self._app.set_current()
            self._app.WorkController(
                pool="solo",  # with the threads pool, memory:// stalls
                concurrency=1,
                queues=[self._queue],
                without_mingle=True,
                without_gossip=True,
                without_heartbeat=True,
                hostname="embedded",
            ).start()
        except SystemExit:  # how a controller says that it was asked to stop
            pass
        except Exception:
            logger.exception("The embedded worker has ended; frames get no answers until a restart.")
        finally:
            WORKER_UP.labels(self._queue).set(0)
