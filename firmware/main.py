# SPDX-License-Identifier: EUPL-1.2
"""Where an ESP32 starts: the real board, handed to the app."""

from firmware import app, board

app.run(board.Board())
