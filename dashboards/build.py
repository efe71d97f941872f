# SPDX-License-Identifier: EUPL-1.2
"""Builds every board as the JSON that Grafana imports; the same code gives the same bytes."""

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.boards import municipal

BOARDS = {"municipal": municipal.board}


def board_json(name: str) -> str:
    """Return the board called ``name``."""
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    return str(encoder.encode(BOARDS[name]().build()))


def build(directory: Path) -> list[Path]:
    """Write every board below ``directory``; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name in BOARDS:
        path = directory / f"{name}.json"
        path.write_text(board_json(name) + "\n", encoding="utf-8")
        written.append(path)
    return written
