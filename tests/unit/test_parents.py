# SPDX-License-Identifier: EUPL-1.2
"""A program ends with the one that it works for, also where that one is killed."""

import subprocess
import sys
from pathlib import Path

import psutil

CHILD = """
import sys, time
from cloud.kit.parents import end_with_parent
end_with_parent(every_s=0.05)
time.sleep(0.3)  # it has looked for its parent some times
print("working", flush=True)
while True:
    time.sleep(0.01)
"""
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""
ROOT = Path(__file__).parents[2]


def test_a_program_works_while_its_parent_lives_and_ends_when_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    try:
        assert child.status() != psutil.STATUS_ZOMBIE
        parent.kill()
        child.wait(timeout=10)
    finally:
        parent.kill()
        parent.wait()
    assert not child.is_running()
