# SPDX-License-Identifier: EUPL-1.2
"""Programs of our own: each answers one question, in a process that can be given up."""

import asyncio
import sys
from collections.abc import Mapping

MOST_SAID = 300  # characters of a program's last words


class ProgramError(Exception):
    """A program ended without an answer."""


class ProgramTooSlowError(ProgramError):
    """A program took longer than it may; it was killed."""


async def answer_of(
    module: str,
    *words: str,
    question: bytes,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Return what ``python -m module words...`` writes when it is told a question, or raise.

    A program that isn't waited for any more is killed. ``environment`` is ours unless it is given.
    """
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(timeout_s):
            answer, said = await program.communicate(question)
    except TimeoutError:
        raise ProgramTooSlowError(f"{module} was not over within {timeout_s:g} s.") from None
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if program.returncode != 0:
        last = " ".join(said.decode(errors="replace").strip().splitlines()[-1:])
        raise ProgramError(f"{module} ended with {program.returncode}: {last[:MOST_SAID]}")
    return answer
