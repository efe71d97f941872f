# SPDX-License-Identifier: EUPL-1.2
"""What papers say, in Bulgarian and English."""

from typing import Literal, TypeAlias

Language: TypeAlias = Literal["bg", "en"]

MONTHS: dict[Language, tuple[str, ...]] = {
    "bg": (
        *("Януари", "Февруари", "Март", "Април", "Май", "Юни"),
        *("Юли", "Август", "Септември", "Октомври", "Ноември", "Декември"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
UTILITIES: dict[Language, dict[str, str]] = {
    "bg": {"water": "Вода", "gas": "Газ", "electricity": "Ток", "heat": "Топлоенергия"},
    "en": {"water": "Water", "gas": "Gas", "electricity": "Electricity", "heat": "Heat"},
}
QUALITIES: dict[Language, dict[str, str]] = {
    "bg": {
        "good": "редовен отчет",
        "reconstructed": "часът е възстановен",
        "clock_held": "несверен часовник",
        "estimated": "изчислено",
        "missing": "липсва",
        "imported": "внесено",
        "edited": "поправено",
        "suspect": "съмнително",
    },
    "en": {
        "good": "good reading",
        "reconstructed": "time reconstructed",
        "clock_held": "clock not confirmed",
        "estimated": "estimated",
        "missing": "missing",
        "imported": "imported",
        "edited": "edited",
        "suspect": "suspect",
    },
}
ALERTS: dict[Language, dict[str, str]] = {
    "bg": {
        "continuous_flow": "Вероятен теч: водата не спира",
        "gas_flow": "Газът тече без прекъсване",
        "burst": "Авария: много силен поток",
        "floor_flow": "Вероятен теч: тече и когато никой не ползва вода",
        "steady_flow": "Вероятен теч: всеки час изтича по малко",
        "intermittent_flow": "Вероятно тече казанче",
        "growing_flow": "Вероятен теч, който расте",
        "night_flow": "Нощем тече повече от обичайното",
        "imbalance": "Загуба между главния и останалите измерватели",
        "standby": "Токът в покой се е увеличил",
        "backflow": "Измервателят върви назад",
        "stuck": "Измервателят е спрял да брои",
        "missing": "Няма отчети от измервателя",
    },
    "en": {
        "continuous_flow": "Likely leak: water never stops",
        "gas_flow": "Gas flows without a pause",
        "burst": "Burst: a very strong flow",
        "floor_flow": "Likely leak: water runs even when nobody uses any",
        "steady_flow": "Likely leak: a little runs away every hour",
        "intermittent_flow": "Likely a running toilet",
        "growing_flow": "Likely leak, and it grows",
        "night_flow": "More flows at night than usual",
        "imbalance": "Loss between the main meter and the others",
        "standby": "Standby power has risen",
        "backflow": "The meter runs backwards",
        "stuck": "The meter has stopped counting",
        "missing": "No readings from the meter",
    },
}
PER: dict[Language, dict[str, str]] = {
    "bg": {"m3": "м³", "kwh": "kWh", "mwh": "MWh", "day": "дни", "month": "мес."},
    "en": {"m3": "m³", "kwh": "kWh", "mwh": "MWh", "day": "days", "month": "months"},
}
# Labels of both papers, by key.
LABELS: dict[str, tuple[str, str]] = {
    "report": ("Месечен отчет", "Monthly report"),
    "made": ("Съставен на {at}", "Made on {at}"),
    "page": ("стр.", "page"),
    "incomplete": (
        "Месецът още не е свършил. Отчетът е до {at}.",
        "The month is not over yet. This report goes up to {at}.",
    ),
    "not_begun": ("Месецът още не е започнал.", "The month has not begun yet."),
    "not_final": (
        "Още се обработват отчети; сумите може да се променят.",
        "Readings are still being reviewed; figures may change.",
    ),
    "since": ("От {at} нататък виждаш данни.", "You see data from {at} on."),
    "summary": ("Накратко", "In short"),
    "utility": ("Доставка", "Supply"),
    "use": ("Потребление", "Use"),
    "cost": ("Цена с ДДС", "Cost with VAT"),
    "this_month": ("Този месец", "This month"),
    "month_before": ("Предходен", "Month before"),
    "year_before": ("Преди година", "Year before"),
    "per_day": ("на ден", "a day"),
    "at_least": ("поне {use}", "at least {use}"),
    "same_days": (
        "Сравнено с първите {n} дни на другите месеци.",
        "Compared with the first {n} days of the other months.",
    ),
    "by_day": ("{utility} по дни", "{utility} by day"),
    "chart": (
        "Стълбове по дни: общо {total}, най-много на {day} ({most}).",
        "Bars by day: {total} in all, most on day {day} ({most}).",
    ),
    "chart_none": ("Няма данни за месеца.", "Nothing is known of this month."),
    "estimated_days": ("Изчислени дни: {days}", "Estimated days: {days}"),
    "missing_days": ("Непълни или липсващи дни: {days}", "Incomplete or missing days: {days}"),
    "all_measured": ("Всички дни са измерени.", "All days are measured."),
    "legend_measured": ("измерено", "measured"),
    "legend_estimated": ("изчислено", "estimated"),
    "legend_missing": ("непълно", "incomplete"),
    "costs": ("Цена по пера", "Cost line by line"),
    "line": ("Перо", "Line"),
    "quantity": ("Количество", "Quantity"),
    "price": ("Ед. цена", "Price"),
    "net": ("Без ДДС", "Net"),
    "net_total": ("Общо без ДДС", "Total net"),
    "vat": ("ДДС {percent} %", "VAT {percent} %"),
    "total": ("За плащане", "To pay"),
    "grand_total": ("Всичко за сградата", "The building in all"),
    "unpriced": ("Без цена: {names}", "Without a price: {names}"),
    "assumed": (
        "По цените за битови клиенти: за тази доставка никой не е посочил тарифа.",
        "At the prices for homes: nobody has told this supply's tariff.",
    ),
    "leaves_out": ("Не включва: {what}", "Without: {what}"),
    "bill_estimated": (
        "Част от потреблението е изчислена.",
        "Some of the use is estimated.",
    ),
    "bill_incomplete": (
        "Не всичко е известно, затова сумата е най-малко толкова.",
        "Not all of it is known, so the sum is at least this.",
    ),
    "bill_note": (
        "Това не е фактура. Сметнато е по показанията и по известните цени.",
        "This is not an invoice. It is worked out from the registers and the known prices.",
    ),
    "registers": ("Показания", "Registers"),
    "point": ("Измервано", "Measured"),
    "meter": ("Фабричен №", "Serial no."),
    "at": ("Към", "At"),
    "register": ("Показание", "Register"),
    "quality": ("Качество", "Quality"),
    "between": (
        "между {before} ({before_at}) и {after} ({after_at})",
        "between {before} ({before_at}) and {after} ({after_at})",
    ),
    "register_unknown": ("не е известно", "not known"),
    "alerts": ("Сигнали", "Alerts"),
    "alerts_none": ("Няма сигнали през месеца.", "No alerts in this month."),
    "alerts_more": (
        "Показани са най-новите {n}.",
        "The newest {n} are shown.",
    ),
    "raised": ("Подаден", "Raised"),
    "what": ("Какво", "What"),
    "lost": ("Загуба", "Lost"),
    "state": ("Състояние", "State"),
    "open": ("още е отворен", "still open"),
    "resolved": ("приключен на {at}", "over on {at}"),
    "labelled": ("обичайно потребление", "ordinary use"),
    "self_reading": ("Самоотчет на водомери", "Self-reading of water meters"),
    "to_supplier": ("До: {name}", "To: {name}"),
    "client_number": ("Клиентски номер", "Client number"),
    "address": ("Адрес", "Address"),
    "service_point": ("Точка на измерване", "Service point"),
    "dial": ("Показание на циферблата", "What the dial shows"),
    "whole_m3": ("цели м³ (черни цифри)", "whole m³ (black digits)"),
    "fraction_m3": ("части (червени цифри)", "fractions (red digits)"),
    "read_at": ("Отчетено на", "Read on"),
    "how_read": ("Отчетено от датчик на водомера.", "Read by the sensor on the meter."),
    "how_interpolated": (
        (
            "На този ден няма отчет. Показанието е пресметнато между {before} на {before_at}"
            " и {after} на {after_at}. Погледни водомера, преди да го подадеш."
        ),
        (
            "There is no reading on this day. The register is worked out between {before} on"
            " {before_at} and {after} on {after_at}. Look at the meter before you hand it in."
        ),
    ),
    "how_old": (
        "След {at} няма отчет. Показанието е старо: погледни водомера и впиши днешното.",
        (
            "There is no reading after {at}. The register is old: look at the meter and write down"
            " today's."
        ),
    ),
    "how_unknown": (
        "За този ден показанието не е известно. Впиши го от водомера.",
        "The register is not known for this day. Write it down from the meter.",
    ),
    "how_poor": ("Качество на отчета: {quality}.", "Quality of the reading: {quality}."),
    "no_water": (
        "В тази сграда няма водомери, които виждаш.",
        "This building has no water meters that you see.",
    ),
    "sheet_note": (
        "Подава се цялото число. Частите са за сверка.",
        "The whole number is what you hand in. The fractions are for checking.",
    ),
    "signature": ("Подпис", "Signature"),
    "date": ("Дата", "Date"),
    "name": ("Име", "Name"),
    "for_day": ("Към {day}", "As of {day}"),
}


def say(key: str, language: Language, **fields: object) -> str:
    """Return the words under ``key``, with ``{name}`` replaced from ``fields``."""
    return LABELS[key][0 if language == "bg" else 1].format(**fields)
