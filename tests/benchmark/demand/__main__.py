# SPDX-License-Identifier: EUPL-1.2
"""``python -m tests.benchmark.demand [NAME …]``; ``make bench-demand`` runs all.

Each part is a program of its own, so that its memory and its time are its own.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
PARTS = ("vic", "bwdf", "districts", "baselines", "throughput")


def main(names: list[str]) -> int:
    """Run the parts named, or all; return the worst exit status."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.stderr.write(f"There is no part {unknown[0]}; there are {', '.join(PARTS)}.\n")
        return 2
    statuses = []
    for name in names or PARTS:
        print(f"\n## {name}", flush=True)
        command = [sys.executable, "-m", f"tests.benchmark.demand.{name}"]
        statuses.append(subprocess.run(command, cwd=FOLDER.parents[2], check=False).returncode)
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
