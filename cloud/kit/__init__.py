# SPDX-License-Identifier: EUPL-1.2
"""What every module of the cloud stands on: settings, errors, database, rights, jobs, live feed."""
