# SPDX-License-Identifier: EUPL-1.2
"""The store: one SQLite file that a power cut at any instant leaves whole.

`database` owns the file, its one thread and its transactions; the other modules are the statements,
one module for each thing stored. Messages are numbered as they become ready for the cloud, and the
outbox is simply what is numbered above the last number that the cloud has acknowledged.
"""
