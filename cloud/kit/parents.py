# SPDX-License-Identifier: EUPL-1.2
"""Programs that work for another: when that one is gone, nobody waits for them, and they end."""

import os
import threading
import time

CODE = 1


def end_with_parent(every_s: float = 2.0) -> None:
    """End this process within ``every_s`` of its parent's end, however that came.

    Who stops in good order stops its programs; one that is killed can't, and what it had begun
    would go on for minutes, or for good where it is begun anew with each start.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every_s)
        os._exit(CODE)  # whatever it is in the midst of

    threading.Thread(target=watch, name="end_with_parent", daemon=True).start()
