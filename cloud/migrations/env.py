# SPDX-License-Identifier: EUPL-1.2
"""Alembic's entry: runs the migrations in the transaction that ``upgrade`` has opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
