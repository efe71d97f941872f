# SPDX-License-Identifier: EUPL-1.2
"""Types that several modules' requests and answers share."""

from typing import Annotated, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

Item = TypeVar("Item")


def _plain(text: str) -> str:
    if any(character < " " or "\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("control characters and lone surrogates are not allowed")
    return text


def _no_number(written: object) -> object:
    if isinstance(written, str) and written.strip("+-.").replace(".", "").isdigit():
        raise ValueError("a time is written as 2026-11-21T14:00:00+02:00, not as a number")
    return written


Instant = Annotated[AwareDatetime, BeforeValidator(_no_number)]  # of a query
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Field(json_schema_extra={"pattern": r"^[^\u0000-\u001f]*\S[^\u0000-\u001f]*$"}),
    AfterValidator(_plain),
]
Integer = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Body(BaseModel):
    """A request's body: an unknown field is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid")


class Name(Body):
    """A name in the two languages of the app."""

    bg: Text
    en: Text


class Listing(BaseModel, Generic[Item]):
    """All items there are."""

    items: list[Item]


class Page(BaseModel, Generic[Item]):
    """Some items, and where the next ones begin; None at the end."""

    items: list[Item]
    next_cursor: str | None
