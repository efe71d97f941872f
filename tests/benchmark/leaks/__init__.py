# SPDX-License-Identifier: EUPL-1.2
"""How soon leaks are found and how often nothing is called a leak: ours and the field's rules."""
