"""Python's collector of garbage in a process that serves: seldom, and never through what stays."""

import gc

# Objects between two looks at the youngest. With Python's own 700, a tenth of the samples that py-spy took of a process
# with two hundred students' frames were in the collector.
YOUNG = 20_000


def keep_what_is_loaded() -> None:
    """Called when all is loaded that will be needed: modules, a model. The collector need not walk through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
