# SPDX-License-Identifier: EUPL-1.2
"""The command ``iskar-cloud``."""

import sys


def main() -> None:
    """Run the command line.

    Checking a file needs no server and no database, so it doesn't wait for them to load.
    """
    if sys.argv[1:2] in (["validate"], ["rules"]):
        from cloud.validation.commands import cli
    else:
        from cloud.app.commands import cli
    cli()


if __name__ == "__main__":
    main()
