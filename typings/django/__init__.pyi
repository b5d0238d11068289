# What Django, which has no types of its own, says to mypy: nothing (Any), but for what stands in these files.
from typing import Any

def __getattr__(name: str) -> Any: ...
