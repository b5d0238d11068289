"""Data-parallel training under `torchrun`: who we are among the processes, and what they share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Ranks:
    """One process among `count`. A single process is rank 0 of 1, and every method is then a formality."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """The one that writes and speaks."""
        return self.rank == 0

    @property
    def seed_parts(self) -> tuple[int, ...]:
        """What makes this process's draws its own; nothing for a single one."""
        return (self.rank,) if self.count > 1 else ()

    def device(self, device: torch.device) -> torch.device:
        return torch.device("cuda", self.local_rank) if self.count > 1 and device.type == "cuda" else device

    def distribute(self, model: nn.Module) -> nn.Module:
        return nn.parallel.DistributedDataParallel(model) if self.count > 1 else model

    def share(self, rows: torch.Tensor) -> torch.Tensor:
        """This process's part of a batch."""
        return rows[self.rank :: self.count]

    def from_first(self, value: Any) -> Any:
        """What the first process holds: a folder's name, figures that decide whether to go on."""
        if self.count == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    def wait(self) -> None:
        """Until all processes are here: one that leaves early breaks the connections of the others."""
        if self.count > 1:
            distributed.barrier()

    def any(self, flag: bool) -> bool:
        """Whether any process says so: all of them stop at the same step, or none."""
        if self.count == 1:
            return flag
        device = f"cuda:{self.local_rank}" if distributed.get_backend() == "nccl" else "cpu"
        votes = torch.tensor([float(flag)], device=device)
        distributed.all_reduce(votes)
        return bool(votes.item())


SINGLE = Ranks()


def join_ranks() -> Ranks:
    """The process group that torchrun has prepared in the environment; a single process without it."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return SINGLE
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend)
    return Ranks(int(os.environ["RANK"]), count, int(os.environ.get("LOCAL_RANK", "0")))


def leave_ranks(ranks: Ranks) -> None:
    if ranks.count > 1:
        distributed.destroy_process_group()
