# SPDX-License-Identifier: EUPL-1.2
"""The sockets that the cloud answers on."""

import asyncio
import socket

from cloud.app.serving import listen


async def test_an_answer_does_not_wait_until_the_one_before_is_acknowledged() -> None:
    accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    bound = listen("127.0.0.1", 0, "-")
    async with await asyncio.start_server(lambda _, back: accepted.set_result(back), sock=bound):
        _, asking = await asyncio.open_connection(*bound.getsockname())
        answering = await asyncio.wait_for(accepted, 5)
        accepted_socket = answering.get_extra_info("socket")
        nagles_is_off = accepted_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        asking.close()
        answering.close()
    assert nagles_is_off
