# SPDX-License-Identifier: EUPL-1.2
"""A Modbus master that never takes one register's reply for another's.

A reply on a serial line carries no address: one that comes late answers the wrong question and its
CRC is right. A converter between TCP and RS-485 passes it on under the new question's number. So

- the bus is drained until it is silent before each request, and frames of another unit, function,
  length or request are counted and dropped;
- a unit that left a request unanswered is left alone until the late reply has come, or for four
  timeouts: no reply is taken to be later than that;
- after that, and after a garbled reply, a reply counts only when the same question, asked again,
  brings the same words.

The nodes' firmware keeps the same rules on its own line.
"""

import asyncio
from collections import Counter

from edge_gateway.wired.errors import (
    DoubtfulError,
    GarbledError,
    LineLostError,
    NoisyBusError,
    NoReplyError,
    RefusedError,
)
from edge_gateway.wired.framing import Framing, Question, RtuFraming, TcpFraming
from edge_gateway.wired.line import Line
from edge_gateway.wired.wiring import LineTable

_BITS_PER_CHARACTER = 11
_SILENCE_CHARACTERS = 4  # Modbus over Serial Line 1.02, 2.5.1.1: 3.5
_LEAST_SILENCE_S = 0.005  # a USB adapter hands on what it hears in pieces some ms apart
_MAX_BUFFER = 600  # two of the longest frames and their noise
_LEFT_ALONE_TIMEOUTS = 4
_NOISE_TIMEOUTS = 4  # so long we wait for silence
_CONFIRMATIONS = 3


class Bus:
    """One line and the units on it; one question at a time."""

    def __init__(self, line: Line, framing: Framing, *, timeout_s: float, silence_s: float) -> None:
        self.line = line
        self.late_replies: Counter[int] = Counter()  # by unit
        self.garbled = 0
        self._framing = framing
        self._timeout_s = timeout_s
        self._silence_s = silence_s
        self._unanswered: dict[int, float] = {}  # unit: when it was asked what it left unanswered
        self._in_doubt: set[int] = set()  # units whose next reply must be confirmed
        self._received = b""
        self._arrived = asyncio.Event()
        line.receive = self._hear

    def needed_s(self, unit_id: int) -> float:
        """Return how long a request to this unit takes if it stays unanswered."""
        return max(0.0, self._alone_until_s(unit_id) - _now_s()) + self._timeout_s

    async def read(self, question: Question) -> bytes:
        """Return the words asked for, or raise ModbusError."""
        try:
            words = await self._ask(question)
        except GarbledError:
            words = await self._ask(question)
        if question.unit_id not in self._in_doubt:
            return words
        for _ in range(_CONFIRMATIONS):
            last, words = words, await self._ask(question)
            if words == last:
                self._in_doubt.discard(question.unit_id)
                return words
        self._in_doubt.discard(question.unit_id)  # it answers in time; a power may change that fast
        raise DoubtfulError(f"Unit {question.unit_id} never said the same twice.")

    async def _ask(self, question: Question) -> bytes:
        unit_id = question.unit_id
        await self._drain(unit_id)
        self._unanswered.pop(unit_id, None)
        asked_at_s = _now_s()
        request = self._framing.request(question)
        self._received = b""
        try:
            self.line.write(request)
            return await self._reply(question, request)
        except LineLostError:
            raise  # nothing was asked
        except (NoReplyError, GarbledError) as error:
            if isinstance(error, NoReplyError) or unit_id in self._in_doubt:
                self._unanswered[unit_id] = asked_at_s
            self._in_doubt.add(unit_id)
            raise

    def _alone_until_s(self, unit_id: int) -> float:
        """Return until when this unit may not be asked."""
        if unit_id not in self._unanswered:
            return 0.0
        return self._unanswered[unit_id] + _LEFT_ALONE_TIMEOUTS * self._timeout_s

    async def _drain(self, unit_id: int) -> None:
        """Return once the bus is silent and no late reply of ``unit_id`` need be feared."""
        self._drop_strays()
        began_s = _now_s()
        silent_at_s = began_s + self._silence_s
        while _now_s() < (until_s := max(silent_at_s, self._alone_until_s(unit_id))):
            if await self._hears_more(until_s):
                self._drop_strays()
                silent_at_s = _now_s() + self._silence_s
            elapsed_s = _now_s() - began_s
            if elapsed_s > _NOISE_TIMEOUTS * self._timeout_s and _now_s() < silent_at_s:
                raise NoisyBusError(f"There was no silence for {elapsed_s:.1f} s.")

    async def _reply(self, question: Question, request: bytes) -> bytes:
        """Return the words of the reply, wherever in what arrives it may begin."""
        deadline_s = _now_s() + self._timeout_s
        while await self._hears_more(deadline_s):
            if self._received.startswith(request):  # the adapter hears itself
                self._received = self._received[len(request) :]
            words = self._search(question)
            if words is not None:
                return words
        if not self._received:
            raise NoReplyError(f"Unit {question.unit_id} did not answer.")
        self.garbled += 1
        raise GarbledError(f"Unit {question.unit_id} was not understood.")

    def _search(self, question: Question) -> bytes | None:
        """Return the words of the answer if it is there; frames that are not it are dropped."""
        while True:
            reply, self._received = self._framing.find(self._received)
            if reply is None:
                return None
            if not (reply.fits(question) and self._framing.is_answer(reply)):
                self._count_late(reply.unit_id)
            elif reply.exception is not None:
                raise RefusedError(reply.exception)
            else:
                return reply.content[1:]

    def _drop_strays(self) -> None:
        self._arrived.clear()
        while True:
            reply, self._received = self._framing.find(self._received)
            if reply is None:
                return
            self._count_late(reply.unit_id)

    def _count_late(self, unit_id: int) -> None:
        self.late_replies[unit_id] += 1
        self._unanswered.pop(unit_id, None)  # that was it; the unit may be asked again

    async def _hears_more(self, until_s: float) -> bool:
        """Return whether something arrives before ``until_s``."""
        try:
            async with asyncio.timeout_at(until_s):
                await self._arrived.wait()
        except TimeoutError:
            return False
        self._arrived.clear()
        return True

    def _hear(self, arrived: bytes) -> None:
        self._received = (self._received + arrived)[-_MAX_BUFFER:]
        self._arrived.set()


def bus_on(line: Line, table: LineTable) -> Bus:
    """Return a master for ``line``, which ``table`` describes."""
    if table.host and table.framing == "tcp":
        return Bus(line, TcpFraming(), timeout_s=table.timeout_ms / 1000, silence_s=0.0)
    silence_s = _SILENCE_CHARACTERS * _BITS_PER_CHARACTER / table.baud
    return Bus(
        line,
        RtuFraming(),
        timeout_s=table.timeout_ms / 1000,
        silence_s=max(_LEAST_SILENCE_S, silence_s),
    )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
