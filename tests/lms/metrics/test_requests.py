import asyncio

import pytest

from lms.metrics.requests import SOCKETS, count_sockets


def open_sockets() -> float:
    return next(iter(SOCKETS.collect())).samples[0].value


@pytest.mark.parametrize("ending", [None, RuntimeError("broken")])
def test_a_socket_counts_while_it_is_open(ending):
    seen = []

    async def application(scope, receive, send):
        seen.append(open_sockets())
        if ending:
            raise ending

    before = open_sockets()
    try:
        asyncio.run(count_sockets(application)({}, None, None))
    except RuntimeError:
        assert ending
    assert seen == [before + 1]
    assert open_sockets() == before
