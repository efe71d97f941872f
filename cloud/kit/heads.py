# SPDX-License-Identifier: EUPL-1.2
"""The heads of answers: status and headers, which middlewares read or add to on their way out."""

from collections.abc import Callable

from starlette.types import Message, Send


def with_head(send: Send, look: Callable[[Message], None]) -> Send:
    """Return what sends as ``send`` does, and shows ``look`` the head before it goes."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            look(message)
        await send(message)

    return sending
