# SPDX-License-Identifier: EUPL-1.2
"""Where a virtual node starts: the fake board, handed to the real app."""

import sys

import board

from firmware import app

app.run(board.Board(sys.argv[1]))
