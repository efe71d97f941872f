# SPDX-License-Identifier: EUPL-1.2
"""The cloud as the simulator sees it: only through its public API."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx

from simulators.errors import CloudAnswerError, NotReadyError
from wire import batch

_TIMEOUT_S = 30.0
_RETRY_S = 0.5
_PAGE = 1000
_SEE_LOG = "Look at cloud.log in the data directory."


class CloudClient:
    """A bearer's view of the API; asks again while the cloud or its database is being restarted."""

    def __init__(self, base_url: str, token: str = "", patience_s: float = 60.0) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._patience_s = patience_s
        self._http = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=_TIMEOUT_S)

    async def close(self) -> None:
        """Drop the connections."""
        await self._http.aclose()

    async def get(self, path: str, **query: str | int) -> Any:
        """Return the JSON at ``path``."""
        return (await self._request("GET", path, params=query)).json()

    async def put(self, path: str, body: Mapping[str, object]) -> None:
        """Create or replace what ``path`` names."""
        await self._request("PUT", path, json=body)

    async def post(self, path: str, body: Mapping[str, object]) -> Any:
        """Return the answer to a post."""
        return (await self._request("POST", path, json=body)).json()

    async def delete(self, path: str) -> None:
        """Remove what ``path`` names."""
        await self._request("DELETE", path)

    async def ready(self, check: Callable[[], None], patience_s: float = 60.0) -> None:
        """Wait until the cloud answers and its database does, or raise NotReadyError.

        ``check`` is called meanwhile, to raise what makes waiting vain.
        """
        try:
            async with asyncio.timeout(patience_s):
                while not await self._is_ready():
                    check()
                    await asyncio.sleep(_RETRY_S / 2)
        except TimeoutError:
            raise NotReadyError("The cloud", patience_s, _SEE_LOG) from None

    async def _is_ready(self) -> bool:
        try:
            answer = await self._http.get("/health/ready", timeout=5)
        except httpx.TransportError:
            return False
        return answer.is_success

    async def ledger(self, node_id: str) -> list[dict[str, Any]]:
        """Return every telegram and event that the cloud has had from a node, without imports."""
        items: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page, cursor = await self.ledger_page(node_id, cursor)
            items += page
        return items

    async def ledger_page(
        self, node_id: str, cursor: str = ""
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return a page of it by time, and the cursor of the next; None if there is none yet."""
        query: dict[str, str | int] = {"node_id": node_id, "first_boot": 1, "limit": _PAGE}
        if cursor:
            query["cursor"] = cursor
        page = await self.get("/api/v1/telegrams", **query)
        return page["items"], page["next_cursor"]

    async def ingest(self, request: Mapping[str, Any]) -> None:
        """Post one batch of blocks (``wire.batch``); all of it must be committed as rows."""
        answer = await self.post(batch.PATH, request)
        last = max(number for block in request["blocks"] for number in block["n"])
        if batch.committed(answer) != last or answer["quarantined"]:
            raise CloudAnswerError(f"POST {batch.PATH}", f"{answer}; it was to commit up to {last}")

    async def live(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Yield (event, content) of the live stream for ever, across restarts of the cloud."""
        while True:
            try:
                async with self._http.stream(
                    "GET", "/api/v1/live", timeout=httpx.Timeout(_TIMEOUT_S, read=40)
                ) as answer:
                    answer.raise_for_status()
                    async for event in _events(answer.aiter_lines()):
                        yield event
            except (httpx.TransportError, httpx.HTTPStatusError):
                await asyncio.sleep(_RETRY_S)

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience_s
        while True:
            try:
                answer = await self._http.request(method, path, **options)
            except httpx.TransportError as error:
                if loop.time() > give_up_at:
                    raise NotReadyError("The cloud", self._patience_s, _SEE_LOG) from error
            else:
                if answer.status_code < 500 or loop.time() > give_up_at:
                    if answer.is_error:
                        raise CloudAnswerError(
                            f"{method} {path}", f"{answer.status_code}: {answer.text[:500]}"
                        )
                    return answer
            await asyncio.sleep(_RETRY_S)


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Parse a text/event-stream of JSON contents (WHATWG HTML, section 9.2)."""
    name, content = "message", ""
    async for line in lines:
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            content += line[5:].strip()
        elif not line and content:
            yield name, json.loads(content)
            name, content = "message", ""
