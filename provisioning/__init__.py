# SPDX-License-Identifier: EUPL-1.2
"""The field technician's command line: install, prove and replace a node."""
