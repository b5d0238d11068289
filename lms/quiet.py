"""Work that can wait does not make whoever asks for a page wait: it is done once nobody has asked for some minutes."""

import asyncio
import time

QUIET_SECONDS = 180
AT_THE_LATEST = 3600  # on a site where somebody always asks
BREATH_SECONDS = 15  # there, between two pieces of such work
NOBODY = {"/healthz", "/readyz", "/metrics"}  # asked for by machines, all the time


class Quiet:
    """The time since a page was last asked for, of this process; a start counts as asking."""

    def __init__(self) -> None:
        self._asked = time.monotonic()

    def listen(self, application):
        """The same application, overheard."""

        async def overheard(scope, receive, send):
            if scope.get("path") not in NOBODY:
                self._asked = time.monotonic()
            await application(scope, receive, send)

        return overheard

    async def wait(self, at_the_latest: float = AT_THE_LATEST) -> None:
        """Until it has been quiet for QUIET_SECONDS, or so many seconds have gone by."""
        latest = time.monotonic() + at_the_latest
        while (now := time.monotonic()) < min(latest, quiet := self._asked + QUIET_SECONDS):
            await asyncio.sleep(max(0.01, min(latest, quiet) - now))
