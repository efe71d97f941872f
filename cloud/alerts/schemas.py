# SPDX-License-Identifier: EUPL-1.2
"""What alerts look like over HTTP."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from cloud.kit.schemas import Body, Text

Utility = Literal["water", "gas", "electricity", "heat"]
Amount = Annotated[int, Field(ge=0, le=2**53)]
Minute = Annotated[int, Field(ge=0, le=1439)]  # of the local day
State = Literal["raised", "acknowledged", "reopened", "resolved"]
Severity = Literal["critical", "warning", "notice"]
Kind = Literal[
    "continuous_flow",
    "floor_flow",
    "steady_flow",
    "intermittent_flow",
    "growing_flow",
    "night_flow",
    "imbalance",
    "gas_flow",
    "standby",
    "burst",
    "backflow",
    "stuck",
    "missing",
]
OrdinaryUse = Literal["irrigation", "pool", "cooling", "other"]


class LostHour(BaseModel):
    """One of the times that convinced a rule, and what passed in it; the other amount is None."""

    started_at: AwareDatetime
    volume_l: float | None = None
    energy_wh: float | None = None


class Found(BaseModel):
    """What a rule found, by its own reckoning; ``confidence``, in %, is how good that is.

    Of electricity in W and Wh, else in l/h and l; the others are None. ``kinds`` are all rules that
    are convinced, ``kind`` the most telling. ``cost_eur`` is about what was lost so far, at dated
    tariffs of the service point, VAT included; None where no price is known.
    """

    utility: Utility
    kind: str
    kinds: list[str]
    raised_at: AwareDatetime
    started_at: AwareDatetime
    resolved_at: AwareDatetime | None
    flow_l_per_h: int | None
    flow_low_l_per_h: int | None
    flow_high_l_per_h: int | None
    flow_w: int | None
    flow_low_w: int | None
    flow_high_w: int | None
    volume_l: int | None
    energy_wh: int | None
    cost_eur: float | None
    confidence: int
    explanation: str
    ordinary_use: str
    clears_when: str
    hours: list[LostHour]


class Alert(Found):
    """A leak: raised by a gateway, acknowledged by a person, resolved by either.

    Open since ``opened_at``; reopened when it comes back within a day, or goes on after somebody
    called it resolved, and to be acknowledged again then. ``snoozed_until``: acknowledged until
    then. ``label`` is what somebody called it: ordinary use, of which sort. Figures are of
    ``reported_at``.
    """

    alert_id: str
    premises_id: str
    service_point_id: str
    meter_id: str | None
    state: State
    severity: Severity
    opened_at: AwareDatetime
    acknowledged_at: AwareDatetime | None
    snoozed_until: AwareDatetime | None
    reported_at: AwareDatetime
    label: OrdinaryUse | None
    label_id: str | None


class AlertEvent(BaseModel):
    """Something that happened to an alert; ``actor`` is user:ID, token:ID, gateway:ID or system.

    ``is_own``: by whoever asks.
    """

    event_id: int
    verb: Literal["raised", "acknowledged", "snoozed", "reopened", "resolved"]
    state: State
    happened_at: AwareDatetime
    actor: str
    is_own: bool
    note: str


class AlertInFull(Alert):
    """An alert and what happened to it, in the order in which it became known."""

    history: list[AlertEvent]


class NoteBody(Body):
    """What somebody has to say, if anything."""

    note: Text | None = None


class SnoozeBody(NoteBody):
    """For how many hours an alert is to be let be."""

    hours: Annotated[int, Field(ge=1, le=14 * 24)]


class LabelBody(Body):
    """What sort of ordinary use an alert was."""

    label: OrdinaryUse
    note: Text | None = None


class Label(BaseModel):
    """Somebody's word that an alert was ordinary use; ``undone_at`` is None while it stands."""

    label_id: str
    alert_id: str
    label: OrdinaryUse
    note: str
    labelled_by: str
    labelled_at: AwareDatetime
    undone_by: str | None
    undone_at: AwareDatetime | None


class LabelledUse(Body):
    """What somebody called ordinary use: as it was seen, with no allowance for the next time.

    Of ``group`` (leak or burst); flows in l/h, of electricity in W. From and to are minutes of the
    local day, to before from where it was over midnight; None where it lasted half a day or more.
    """

    label_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
    group: Literal["leak", "burst"]
    flow_low: Amount
    flow_high: Amount
    from_minute: Minute | None
    to_minute: Minute | None
    length_s: Amount


class BacktestBody(Body):
    """How many of the last days to look at, and what counts as ordinary: None for what does now."""

    days: Annotated[int, Field(ge=1, le=400)] = 90
    labels: Annotated[list[LabelledUse], Field(max_length=16)] | None = None


class Backtest(BaseModel):
    """What alerts a service point would have had.

    The rules learnt on the four weeks before, as far as they are known; ``readings`` were looked
    at. Beyond the days that readings are kept, registers are made of hours.
    """

    service_point_id: str
    since: AwareDatetime
    until: AwareDatetime
    readings: int
    findings: list[Found]
