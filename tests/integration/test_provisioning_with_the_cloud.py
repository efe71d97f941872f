# SPDX-License-Identifier: EUPL-1.2
"""iskar-field against the real cloud: its registry, its authority, its refusals."""

import json
import os
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from cryptography import x509
from dotenv import dotenv_values

from cloud.kit.embedded_postgres import EmbeddedPostgres
from provisioning.enrolment import CERTIFICATE, KEY, SETTINGS
from tests.field_builders import (
    REGISTER_MAPS_TOML,
    a_modbus_channel,
    a_node,
    a_pulse_channel,
    plan_rows,
)

READY_WITHIN_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RealCloud:
    """A cloud process over http and https, with what enrolment expects to be on record."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ports = free_port(), free_port()
        self.url, self.https_url = f"http://127.0.0.1:{ports[0]}", f"https://localhost:{ports[1]}"
        self._environment = {
            **os.environ,
            "CLOUD_DATA_DIR": str(folder),
            "CLOUD_HTTP_PORT": str(ports[0]),
            "CLOUD_HTTPS_PORT": str(ports[1]),
        }
        self.ca = folder / "ca" / "ca.crt"

    def __enter__(self):
        with (self._folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cloud", "serve"], env=self._environment, stderr=log
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._is_ready():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.1)
        self.token = self.token_of("technician")
        self._register()
        return self

    def __exit__(self, *error):
        self._process.terminate()
        self._process.wait(30)

    def _is_ready(self):
        try:
            return httpx.get(f"{self.url}/health/ready").is_success
        except httpx.TransportError:
            return False

    def token_of(self, role):
        made = subprocess.run(
            [sys.executable, "-m", "cloud", "token", "add", "--role", role, "--label", "test"],
            env=self._environment,
            capture_output=True,
            check=True,
        )
        return json.loads(made.stdout)["token"]

    def _register(self):
        name = {"bg": "Блок", "en": "Block"}
        place = {"address": "street", "district": "Mladost", "latitude": 42.6, "longitude": 23.4}
        size = {"households": 40, "floor_area_m2": 3600}
        self.put("premises/p-1", {"name": name, "kind": "residential", **place, **size})
        for point, meter, reading_type in (
            ("sp-cold", "m-cold", "cold_water"),
            ("sp-power", "m-power", "electricity_import"),
        ):
            self.put(f"meters/{meter}", {"serial": meter, "make": "Make", "model": "Model"})
            self.put(
                f"service-points/{point}",
                {"premises_id": "p-1", "name": name, "reading_type": reading_type},
            )

    def put(self, path, body):
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.put(f"{self.url}/api/v1/{path}", json=body, headers=headers)
        assert answer.is_success, answer.text

    def asked_by(self, token, path):
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{self.url}/api/v1/{path}", headers=headers)

    def certificates_of(self, subject):
        dsn = EmbeddedPostgres(self._folder / "postgres").dsn
        with psycopg.connect(dsn) as connection:
            found = connection.execute(
                "select count(*) from certificates where subject = %s", (subject,)
            ).fetchone()
        return found[0]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with RealCloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


def field(cloud, name, *arguments, url=None, token=None):
    ran = subprocess.run(
        [sys.executable, "-m", "provisioning", name, "--cloud", url or cloud.url, *arguments],
        env={**os.environ, "ISKAR_FIELD_TOKEN": token or cloud.token},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stdout, ran.stderr


def enrol_gateway(cloud, folder, **options):
    return field(
        *(cloud, "enrol-gateway", "--gateway", "gw-mladost", "--site", "sofia"),
        *("--directory", folder / "gw-mladost", "--cloud-ca", cloud.ca),
        **options,
    )


def enrol(cloud, folder, *nodes):
    plan, maps = folder / "plan.json", folder / "maps.toml"
    plan.write_text(json.dumps(plan_rows(*nodes)))
    maps.write_text(REGISTER_MAPS_TOML)
    return field(
        *(cloud, "enrol-many", "--plan", plan, "--register-maps", maps),
        *("--directory", folder / "nodes", "--state", folder / "state"),
    )


def test_gateway_and_nodes_are_enrolled_and_a_second_run_issues_nothing(cloud, tmp_path):
    nodes = a_node("n-1"), a_node("n-2", channels=[a_modbus_channel(also=["1-0:1.7.0"])])
    status, _, logged = enrol_gateway(cloud, tmp_path)
    assert status == 0, logged
    status, said, logged = enrol(cloud, tmp_path, *nodes)
    assert status == 0, logged
    token = dotenv_values(tmp_path / "gw-mladost" / "gateway.env")["GATEWAY_CLOUD_TOKEN"]
    configuration = cloud.asked_by(token, "gateways/gw-mladost/configuration").json()
    assert [node["node_id"] for node in configuration["nodes"]] == ["n-1", "n-2"]
    issued = cloud.certificates_of("n-1"), cloud.certificates_of("gw-mladost")
    assert issued == (1, 2)

    assert enrol_gateway(cloud, tmp_path)[0] == 0
    status, said, _ = enrol(cloud, tmp_path, *nodes)
    assert [row["written"] for row in json.loads(said)["enrolled"]] == [[], []]
    assert (cloud.certificates_of("n-1"), cloud.certificates_of("gw-mladost")) == issued
    assert dotenv_values(tmp_path / "gw-mladost" / "gateway.env")["GATEWAY_CLOUD_TOKEN"] == token


def test_a_node_gets_a_certificate_in_its_own_name(cloud, tmp_path):
    enrol_gateway(cloud, tmp_path)
    enrol(cloud, tmp_path, a_node("n-1"))
    flash = tmp_path / "nodes" / "n-1" / "flash"
    certificate = x509.load_der_x509_certificate((flash / CERTIFICATE).read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=n-1"
    assert (flash / KEY).exists()
    assert json.loads((flash / SETTINGS).read_text())["first_boot"] == 1


def test_the_installation_s_own_authority_is_trusted_over_https(cloud, tmp_path):
    status, _, logged = enrol_gateway(cloud, tmp_path, url=cloud.https_url)
    assert status == 0, logged
    kept = dotenv_values(tmp_path / "gw-mladost" / "gateway.env")
    assert Path(kept["GATEWAY_CLOUD_CA_FILE"]).read_text() == cloud.ca.read_text()


def test_an_unknown_authority_is_not_trusted(cloud, tmp_path):
    status, _, logged = field(
        *(cloud, "enrol-gateway", "--gateway", "gw-2", "--site", "sofia"),
        *("--directory", tmp_path),
        url=cloud.https_url,
    )
    assert status == 1
    assert "certificate" in logged
    assert "--cloud-ca" in logged


def test_an_exchange_is_put_on_record_once_with_both_dials(cloud, tmp_path):
    cloud.put("meters/m-new", {"serial": "m-new", "make": "Make", "model": "Model"})
    exchange = (cloud, "exchange", "--service-point", "sp-cold", "--meter", "m-new", "--start", "3")
    enrol_gateway(cloud, tmp_path)
    enrol(cloud, tmp_path, a_node("n-1"))
    when = ("--final", "700", "--at", f"{datetime.now().astimezone():%Y-%m-%dT%H:%M:%S}")
    said = [field(*exchange, *when) for _ in range(2)]
    assert said[0] == said[1], said
    assert said[0][0] == 0
    assert json.loads(said[0][1])["kind"] == "exchange"
    old, new = cloud.asked_by(cloud.token, "service-points/sp-cold/registers").json()["items"]
    assert (old["final_register"], new["start_register"], new["meter_id"]) == (700, 3, "m-new")
    assert new["node_id"] == "n-1"


def test_where_no_meter_hangs_there_is_none_to_exchange(cloud):
    name = {"bg": "Нова", "en": "New"}
    empty = {"premises_id": "p-1", "name": name, "reading_type": "cold_water"}
    cloud.put("service-points/sp-empty", empty)
    status, _, logged = field(
        *(cloud, "exchange", "--service-point", "sp-empty", "--meter", "m-cold", "--start", "3")
    )
    assert (status, "no meter hangs yet" in logged) == (1, True)


def test_a_service_point_that_is_not_on_record_is_refused_by_name(cloud, tmp_path):
    enrol_gateway(cloud, tmp_path)
    stray = a_pulse_channel(service_point_id="sp-nowhere")
    status, said, _ = enrol(cloud, tmp_path, a_node("n-3", channels=[stray]))
    assert status == 1
    assert "sp-nowhere" in json.loads(said)["failed"]["n-3"]


def test_a_role_that_may_not_install_is_told_so(cloud, tmp_path):
    municipality = cloud.token_of("municipality")
    status, _, logged = enrol_gateway(cloud, tmp_path, token=municipality)
    assert status == 1
    assert "with 403" in logged
    assert "must be technician or operator" in logged
