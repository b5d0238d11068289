"""What a process that reads frames says of itself besides its counts: made up when somebody looks, and absent in
processes that read none."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.conf import settings
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    import torch

    from emotion.inference.batcher import Batcher
    from emotion.live import PromotedEngine

logger = logging.getLogger(__name__)


class WorkerFigures(Collector):
    """For Prometheus's registry, while a batcher lives in this process."""

    def __init__(self, batcher: Batcher, promoted: PromotedEngine) -> None:
        self._batcher = batcher
        self._promoted = promoted

    def collect(self) -> Iterator[Metric]:
        serving = self._promoted.serving
        info = GaugeMetricFamily(
            "attune_worker_info", "What a worker reads frames with.", labels=["model", "backend", "device", "threads"]
        )
        engine = serving.engine
        threads = str(settings.ATTUNE_TORCH_THREADS)
        info.add_metric([serving.version.name, engine.backend.label, str(engine.device), threads], 1)
        yield info
        yield GaugeMetricFamily(
            "attune_frames_waiting", "Frames in a worker's hands that it has not begun to read.", self._batcher.waiting
        )
        yield GaugeMetricFamily(
            "attune_pace_seconds", "How often a worker asks pages to send a frame.", self._batcher.pace.seconds
        )
        if memory := gpu_memory(engine.device):
            used, total = memory
            family = GaugeMetricFamily(
                "attune_gpu_memory_bytes", "Memory of the worker's GPU, whoever uses it.", labels=["what"]
            )
            family.add_metric(["used"], used)
            family.add_metric(["total"], total)
            yield family


def gpu_memory(device: torch.device) -> tuple[int, int] | None:
    """(used, total) bytes of the GPU by all its users; None on a processor, or where the driver does not say."""
    if device.type != "cuda":
        return None
    import torch

    try:
        free, total = torch.cuda.mem_get_info(device)
    except RuntimeError as error:
        logger.warning("The memory of %s cannot be read: %s", device, str(error).splitlines()[0])
        return None
    return total - free, total
