"""Memory of a process that serves for weeks: its garbage is looked for seldom, and never through what stays."""

import ctypes
import gc

# Objects between two looks at the youngest. With Python's own 700, a tenth of the samples that py-spy took of a process
# with two hundred students' frames were in the collector; with 20,000 and sixty students, the oldest were not looked
# at once in seven minutes.
YOUNG = 5_000
M_ARENA_MAX = -8  # from malloc.h
ARENAS = 2


def share_arenas() -> None:
    """Called before there are threads. glibc would give each a heap of its own, sixteen on two cores, and pictures that
    come and go leave holes in every one of them: of 14 MB that a server grew by within three minutes, 12 were in such
    heaps. Where there is no glibc, nothing happens."""
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(M_ARENA_MAX, ARENAS)


def keep_what_is_loaded() -> None:
    """Called when all is loaded that will be needed: modules, a model. The collector need not walk through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
