# SPDX-License-Identifier: EUPL-1.2
"""What corrections, the audit trail and findings look like over HTTP."""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from cloud.kit.schemas import Body, Text
from cloud.meters.schemas import Instant, RegisterEvent
from wire.fields import MAX_REGISTER

CorrectionKind = Literal["exclude", "accept", "usage"]


class CorrectionBody(Body):
    """An editor's word on what was measured in [since, until).

    ``exclude`` and ``accept`` say whether the readings there count; ``usage`` says what was used,
    over whole hours, in the reading type's unit. ``force`` lets through more than the meter can
    measure.
    """

    kind: CorrectionKind
    since: Instant
    until: Instant
    usage: Annotated[int, Field(ge=0, le=MAX_REGISTER)] | None = None
    reason: Text
    force: bool = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.usage is None) == (self.kind == "usage"):
            raise ValueError(f"usage goes with the kind usage and no other, not with {self.kind}")
        return self


class Correction(BaseModel):
    """A correction, who made it, and whether it was undone since."""

    correction_id: int
    service_point_id: str
    kind: CorrectionKind
    since: AwareDatetime
    until: AwareDatetime
    usage: int | None
    unit: str
    reason: str
    made_by: str
    made_at: AwareDatetime
    undone_at: AwareDatetime | None
    undone_by: str | None
    undone_because: str | None


class Said(BaseModel):
    """An entry of the audit trail: about an event or a correction, as that is now."""

    said_at: AwareDatetime
    action: Literal["recorded", "undone"]
    by: str
    because: str
    event: RegisterEvent | None
    correction: Correction | None


class Finding(BaseModel):
    """What a rule found in the data of a meter, with its evidence; ``ended_at`` None: it goes on.

    Amounts in the evidence are in the unit that it names, else in the reading type's own.
    """

    finding_id: int
    rule: str
    service_point_id: str
    reading_type: str
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    severity: Literal["note", "warning", "error"]
    explanation: str
    evidence: dict[str, Any]
    found_at: AwareDatetime
