# SPDX-License-Identifier: EUPL-1.2
"""Who is calling, and what they may do: passwords, sessions, tokens, the table of rights."""
