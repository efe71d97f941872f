# SPDX-License-Identifier: EUPL-1.2
"""The log: lines to stderr for people, or as JSON; never a secret, never an e-mail address.

What libraries warn of goes the same way. A line written while a request is answered carries the
request's id (``kit.requests``).
"""

import logging
import re
import sys
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Format = Literal["console", "json"]

LIBRARIES = ("uvicorn", "procrastinate", "psycopg.pool", "httpx", "sse_starlette", "alembic")
HIDDEN = "[hidden]"
SECRET_NAME = re.compile(
    r"password|passphrase|secret|token$|cookie|authorization|credential|e_?mail|private_key|dsn",
    re.IGNORECASE,
)
SECRET_TEXT = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"  # an e-mail address
    r"|\b(?:isk|whsec|whsk)_[\w+/=-]+"  # a token, a webhook's secret
    r"|\bBearer\s+\S+"
    r"|(?<=password=)\S+"
    r"|(?<=://)[^\s/@:]+:[^\s/@]+(?=@)",  # name:password in an address
)


def _hidden(said: Any) -> Any:
    """Return what was said with secrets blotted out, however deep they lie."""
    if isinstance(said, str):
        return SECRET_TEXT.sub(HIDDEN, said)
    if isinstance(said, dict):
        return {
            name: HIDDEN if SECRET_NAME.search(str(name)) else _hidden(one)
            for name, one in said.items()
        }
    if isinstance(said, (list, tuple, set, frozenset)):
        return [_hidden(one) for one in said]
    return said


def hide_secrets(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Blot secrets out of a line; structlog's processor, the last before it is written."""
    hidden: EventDict = _hidden(line)
    return hidden


class _OfLibraries(logging.Handler):
    """Carries what libraries say into the same log."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).log(
            record.levelno,
            "library_said",
            library=record.name,
            said=record.getMessage(),
            exc_info=record.exc_info,
        )


def to_stderr(level: str, form: Format) -> None:
    """Set logging up for a process of its own."""
    numeric = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    logging.basicConfig(level=logging.WARNING, handlers=[_OfLibraries()], force=True)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendering(form),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def _rendering(form: Format) -> list[Processor]:
    """Return what makes text of a line; a trace is made text first, so that it is looked at."""
    if form == "json":
        return [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    return [
        structlog.processors.format_exc_info,
        hide_secrets,
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    ]
