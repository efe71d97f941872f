# SPDX-License-Identifier: EUPL-1.2
"""Letters: what people read of an alert, in their language; as mail and as a message of a phone."""

from dataclasses import dataclass
from html import escape

from cloud.alerts.models import Alert
from cloud.kit.hypertable import ZONE
from cloud.premises.models import Premises, ServicePoint

BG, EN = 0, 1
LANGUAGES = {"bg": BG, "en": EN}
TITLES = {
    "burst": ("Спукана тръба", "Burst pipe"),
    "gas_flow": ("Газът не спира", "Gas does not stop"),
    "standby": ("Повишена консумация в покой", "Standby power has risen"),
    "imbalance": ("Измервателите не се покриват", "Meters do not add up"),
    "backflow": ("Измервателят се върти назад", "Meter runs backwards"),
    "stuck": ("Измервателят е спрял", "Meter stands still"),
    "missing": ("Няма отчети", "No readings"),
}
LEAK = ("Вероятен теч", "Probable leak")
VERBS = {
    "raised": ("нов сигнал", "new alert"),
    "reopened": ("сигналът се поднови", "the alert is back"),
    "resolved": ("приключил сигнал", "the alert is over"),
}
SINCE = ("Започнал", "Began")
LOST = ("Загуба дотук", "Lost so far")
COST = ("Струва около", "Costs about")
WHERE = ("Къде", "Where")
OPEN = ("Виж сигнала", "See the alert")
STOP = ("Повече не желая такива писма", "I want no more of these letters")
GAS = (
    "При миризма на газ: не пали нищо, отвори прозорците, излез и се обади на 112.",
    "If you smell gas: light nothing, open the windows, leave, and call 112.",
)
LITRES = ("л", "l")
MOMENT = ("%d.%m.%Y, %H:%M", "%d %b %Y, %H:%M")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A letter in both its forms, and what it is about in a line."""

    subject: str
    text: str
    html: str


def title(alert: Alert, language: str) -> str:
    """Return in a few words what an alert is."""
    return TITLES.get(alert.kind, LEAK)[LANGUAGES[language]]


def lines(
    alert: Alert, verb: str, building: Premises, point: ServicePoint, language: str
) -> list[str]:
    """Return what there is to know, a line each; the first says what happened."""
    say = LANGUAGES[language]
    names = (building.name_bg, building.name_en), (point.name_bg, point.name_en)
    began = alert.started_at.astimezone(ZONE)
    told = [
        f"{title(alert, language)}: {VERBS[verb][say]}",
        f"{WHERE[say]}: {names[0][say]}, {names[1][say]} ({building.address})",
        f"{SINCE[say]}: {began.strftime(MOMENT[say])}",
    ]
    if alert.lost:
        told.append(f"{LOST[say]}: {_amount(alert, say)}")
    if alert.cost_eur:
        cost = f"{alert.cost_eur:.2f}"
        told.append(f"{COST[say]}: {cost.replace('.', ',') if say == BG else cost} €")
    if alert.utility == "gas" and verb != "resolved":
        told.append(GAS[say])
    return told


def letter(
    alert: Alert,
    verb: str,
    building: Premises,
    point: ServicePoint,
    language: str,
    *,
    app_url: str,
    stop_url: str,
) -> Letter:
    """Return the letter that tells of what happened to an alert."""
    say = LANGUAGES[language]
    told = lines(alert, verb, building, point, language)
    name = (building.name_bg, building.name_en)[say]
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in told)
    return Letter(
        subject=f"{told[0]} – {name}",
        text="\n".join([*told, "", f"{OPEN[say]}: {app_url}", "", f"{STOP[say]}: {stop_url}", ""]),
        html=f'<!doctype html><html lang="{language}"><body>{paragraphs}'
        f'<p><a href="{escape(app_url)}">{OPEN[say]}</a></p>'
        f'<p><small><a href="{escape(stop_url)}">{STOP[say]}</a></small></p></body></html>',
    )


def _amount(alert: Alert, say: int) -> str:
    if alert.energy_wh is not None:
        kwh = f"{alert.energy_wh / 1000:.1f}"
        return f"{kwh.replace('.', ',') if say == BG else kwh} kWh"
    return f"{alert.volume_l} {LITRES[say]}"
