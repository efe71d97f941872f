# SPDX-License-Identifier: EUPL-1.2
"""The consumption app: a phone-first page that shows a building's meters as they run.

ES modules served as they lie here, no bundler: ``lit`` and ``uplot`` come from ``node_modules``
through an import map. ``mount`` adds the app to the cloud's HTTP server; everything else is
JavaScript that talks to ``/api/v1`` alone.
"""

from cloud.web.routes import mount

__all__ = ["mount"]
