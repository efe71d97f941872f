# SPDX-License-Identifier: EUPL-1.2
"""Checks of the firmware's own logic, run on CPython and on MicroPython; each name is a sentence.

``firmware_checks.py`` prints a line per check. Plain asserts: MicroPython has no pytest.
"""

import sys

from tests.contract import (
    checks_flash,
    checks_journal,
    checks_modbus,
    checks_mqtt,
    checks_registers,
    checks_time,
)

CHECKS = {
    name: getattr(module, name)
    for module in (
        checks_registers,
        checks_journal,
        checks_flash,
        checks_modbus,
        checks_mqtt,
        checks_time,
    )
    for name in dir(module)
    if name.startswith("check_")
}


def main():
    """Run every check and print how it went."""
    for name in sorted(CHECKS):
        try:
            CHECKS[name]()
        except Exception as error:
            print(f"FAIL {name}: {type(error).__name__} {error}")
            if hasattr(sys, "print_exception"):
                sys.print_exception(error)
        else:
            print(f"ok {name}")


if __name__ == "__main__":
    main()
