# SPDX-License-Identifier: EUPL-1.2
"""Power and the hardware watchdog, where the machine has them."""

from collections.abc import Iterator
from pathlib import Path

from edge_gateway.doctor.verdict import Verdict, good, warning

# Raspberry Pi firmware; bit 0: under-voltage now, bit 16: since it started.
# Source: Raspberry Pi documentation, vcgencmd, get_throttled.
THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
UNDER_VOLTAGE = 1 << 0 | 1 << 16
WATCHDOG = Path("/sys/class/watchdog/watchdog0/state")


def look(throttled: Path = THROTTLED, watchdog: Path = WATCHDOG) -> Iterator[Verdict]:
    """Yield what the machine says of its power, and whether anybody would restart it if it hung."""
    if throttled.exists():
        if int(throttled.read_text(), 16) & UNDER_VOLTAGE:
            yield warning("power", "was too weak, which ruins SD cards; use a stronger supply.")
        else:
            yield good("power", "has been strong enough since the start.")
    if watchdog.exists():
        if watchdog.read_text().strip() == "active":
            yield good("watchdog", "restarts the machine should it hang.")
        else:
            yield warning("watchdog", "is off; set RuntimeWatchdogSec=15 in systemd's system.conf.")
