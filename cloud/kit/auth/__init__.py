# SPDX-License-Identifier: EUPL-1.2
"""Who is calling, and what they may do: the table of rights, and how every route asks it."""
