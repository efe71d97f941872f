# SPDX-License-Identifier: EUPL-1.2
"""Panels: the few kinds that our boards are made of, each over one query."""

from typing import Literal, Self

from grafana_foundation_sdk.builders import common, stat, table, timeseries
from grafana_foundation_sdk.models.common import GraphDrawStyle, StackingMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef, DynamicConfigValue

Panel = stat.Panel | table.Panel | timeseries.Panel

DATASOURCE_TYPE = "grafana-postgresql-datasource"
DATASOURCE_UID = "iskar"  # of the data source to set up in Grafana, with a role that only reads
HEIGHT = 8  # rows of Grafana's grid
FINEST = "1m"  # a node samples every 30 s; finer intervals would be empty every other time


class Query:
    """A query on PostgreSQL; the SDK has no builder for one."""

    def __init__(self, sql: str, shape: Literal["time_series", "table"]) -> None:
        self._sql = sql
        self._shape = shape

    def build(self) -> Self:
        """Return itself: it is what it builds."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return the target as Grafana stores it."""
        return {
            "refId": "A",
            "datasource": {"type": DATASOURCE_TYPE, "uid": DATASOURCE_UID},
            "editorMode": "code",
            "format": self._shape,
            "rawQuery": True,
            "rawSql": self._sql,
        }


def lines(title: str, explanation: str, sql: str, unit: str, width: int) -> timeseries.Panel:
    """Return a panel with one line per metric."""
    return (
        timeseries.Panel()
        .title(title)
        .description(explanation)
        .datasource(_datasource())
        .with_target(Query(sql, "time_series"))
        .unit(unit)
        .min(0)
        .interval(FINEST)
        .span(width)
        .height(HEIGHT)
    )


def bars(title: str, explanation: str, sql: str, unit: str, width: int) -> timeseries.Panel:
    """Return a panel with one stack of bars per interval, a colour per metric."""
    return (
        lines(title, explanation, sql, unit, width)
        .draw_style(GraphDrawStyle.BARS)
        .fill_opacity(80)
        .stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    )


def figure(title: str, explanation: str, sql: str, column: str, unit: str) -> stat.Panel:
    """Return a panel that shows one number, a ``column`` of the query's only row."""
    reduction = common.ReduceDataOptions().calcs(["lastNotNull"]).fields(f"/^{column}$/")
    return (
        stat.Panel()
        .title(title)
        .description(explanation)
        .datasource(_datasource())
        .with_target(Query(sql, "table"))
        .reduce_options(reduction)
        .unit(unit)
        .span(4)
        .height(HEIGHT // 2)
    )


def rows(title: str, explanation: str, sql: str, units: dict[str, str], width: int) -> table.Panel:
    """Return a table of the query's rows, with units for the columns that have one."""
    panel = (
        table.Panel()
        .title(title)
        .description(explanation)
        .datasource(_datasource())
        .with_target(Query(sql, "table"))
        .span(width)
        .height(HEIGHT)
    )
    for column, unit in units.items():
        panel.override_by_name(column, [_unit(unit)])
    return panel


def _datasource() -> DataSourceRef:
    return DataSourceRef(type_val=DATASOURCE_TYPE, uid=DATASOURCE_UID)


def _unit(unit: str) -> DynamicConfigValue:
    return DynamicConfigValue("unit", unit)
