# SPDX-License-Identifier: EUPL-1.2
"""What a wheel holds, as far as programs read it as data."""

from hatchling.builders.wheel import WheelBuilder

from cloud.tariffs.documents import FOLDER as TARIFFS
from cloud.web.release import FOLDER
from provisioning.__main__ import MAPS
from tests.needs import ROOT


def test_a_wheel_holds_the_data_that_its_programs_read():
    held = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    read = [
        MAPS,
        FOLDER / "index.html",
        *TARIFFS.glob("*.toml"),
        FOLDER / "package-lock.json",
        *(ROOT / "dashboards" / "queries").glob("*.sql"),
        *(ROOT / "simulators" / "city").glob("*.csv"),
        *(ROOT / "simulators" / "virtual_node" / "device").glob("*.py"),
    ]
    assert {path.relative_to(ROOT).as_posix() for path in read} <= held


def test_a_wheel_leaves_the_tests_and_npms_packages_out():
    held = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert not [path for path in held if path.startswith("tests/") or "node_modules" in path]
