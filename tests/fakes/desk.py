# SPDX-License-Identifier: EUPL-1.2
"""A technician's desk: a plan, a folder for keys, the way to the cloud, the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

from provisioning.cloud import Cloud
from provisioning.dossier import Dossier
from provisioning.enrolment import Enrolled, Enrolment
from provisioning.node import NodeFiles
from provisioning.plan import Plan
from tests.fakes.field_cloud import TOKEN, FakeFieldCloud
from tests.field_builders import REGISTER_MAPS_TOML, plan_rows, register_maps


class Desk:
    def __init__(self, folder: Path, cloud: FakeFieldCloud) -> None:
        self.folder = folder
        self.dossiers = folder / "state"
        self.cloud = cloud
        self.rows = plan_rows()

    def enrol(self, files: NodeFiles, *, token: str = TOKEN, **options: bool) -> Enrolled:
        """Enrol the plan's first node, in this process."""
        plan = Plan.model_validate(self.rows)
        node = plan.nodes[0]
        with Cloud(self.cloud.url, token) as registry:
            dossier = Dossier(self.dossiers / node.node_id, node.node_id)
            return Enrolment(plan, register_maps(), registry).enrol(node, files, dossier, **options)

    def command(self, name: str, *arguments: str | Path) -> "subprocess.Popen[str]":
        """Start iskar-field with the plan."""
        plan, maps = self.folder / "plan.json", self.folder / "maps.toml"
        plan.write_text(json.dumps(self.rows))
        maps.write_text(REGISTER_MAPS_TOML)
        return self.field(
            *(name, "--plan", plan, "--state", self.dossiers, "--register-maps", maps),
            *arguments,
        )

    def field(self, name: str, *arguments: str | Path) -> "subprocess.Popen[str]":
        """Start iskar-field."""
        return subprocess.Popen(
            [sys.executable, "-m", "provisioning", name, "--cloud", self.cloud.url, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "ISKAR_FIELD_TOKEN": TOKEN},
        )
