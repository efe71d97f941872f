# SPDX-License-Identifier: EUPL-1.2
"""History: readings out of files that people bring, in order, however large the file.

``table`` opens a CSV or Parquet file, ``columns`` makes numbers of what it holds, `order` sorts.
"""
