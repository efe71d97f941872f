# SPDX-License-Identifier: EUPL-1.2
"""The cloud on a real PostgreSQL."""
