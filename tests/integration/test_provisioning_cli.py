# SPDX-License-Identifier: EUPL-1.2
"""iskar-field as the technician runs it: a process that may be killed."""

import json
import stat

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dotenv import dotenv_values

from provisioning.enrolment import CA, CERTIFICATE, KEY, SETTINGS
from tests.fakes.desk import Desk
from tests.fakes.field_cloud import TOKEN, FakeFieldCloud
from tests.fakes.pty_board import PtyBoard
from tests.field_builders import WIFI_PASSWORD, a_node, a_pulse_channel, plan_rows
from tests.packages import RELEASE_KEY

NODE_ID = "n-mladost-01"
FILES = (CA, KEY, CERTIFICATE, SETTINGS)


@pytest.fixture
def cloud():
    with FakeFieldCloud() as cloud:
        cloud.gateways["gw-mladost"] = {}
        yield cloud


@pytest.fixture
def desk(tmp_path, cloud):
    return Desk(tmp_path, cloud)


def killed_after(process, event):
    """Kill -9 the process once it has logged ``event``; return whether it had to be killed."""
    for line in process.stderr:
        if json.loads(line)["event"] == event:
            process.kill()
            break
    process.communicate()
    return process.returncode == -9


@pytest.mark.parametrize(
    "step", ["key_ready", "node_registered", "certificate_received", "file_written"]
)
def test_a_laptop_that_dies_after_any_step_goes_on_with_the_next_run(tmp_path, desk, cloud, step):
    with PtyBoard(tmp_path / "board") as board:
        arguments = ("enrol", "--node", NODE_ID, "--port", board.port)
        assert killed_after(desk.command(*arguments), step)
        rerun = desk.command(*arguments)
        said, logged = rerun.communicate(timeout=30)
        assert rerun.returncode == 0, logged
        assert json.loads(said)["node_id"] == NODE_ID
        assert all((board.flash / path).exists() for path in FILES)
    assert len(cloud.certificates) == 1


def test_no_secret_is_printed_or_readable_by_others(desk, tmp_path):
    process = desk.command("enrol", "--node", NODE_ID, "--directory", tmp_path / "flash")
    printed = "".join(process.communicate(timeout=30))
    assert "files_verified" in printed
    key = desk.dossiers / NODE_ID / "key.pem"
    for secret in (WIFI_PASSWORD, TOKEN, key.read_text().splitlines()[1]):
        assert secret not in printed
    for path in (key, tmp_path / "flash" / KEY, tmp_path / "flash" / SETTINGS):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_nodes_are_enrolled_at_once_and_one_failure_stops_none(desk, tmp_path):
    desk.rows = plan_rows(
        a_node("n-1"),
        a_node("n-2", gateway_id="gw-2", channels=[a_pulse_channel(service_point_id="sp-2")]),
        a_node("n-3", channels=[a_pulse_channel(service_point_id="sp-3")]),
    )
    process = desk.command("enrol-many", "--directory", tmp_path / "nodes")
    said, _ = process.communicate(timeout=30)
    outcome = json.loads(said)
    assert process.returncode == 1
    assert [row["node_id"] for row in outcome["enrolled"]] == ["n-1", "n-3"]
    assert "no gateway gw-2" in outcome["failed"]["n-2"]
    assert (tmp_path / "nodes" / "n-3" / "flash" / SETTINGS).exists()


def test_a_fault_is_a_sentence_and_no_traceback(desk):
    process = desk.command("enrol", "--node", "n-9", "--directory", "unused")
    _, logged = process.communicate(timeout=30)
    assert process.returncode == 1
    assert logged.strip() == "The plan has no node n-9; it has n-mladost-01."


def enrol_gateway(desk, directory, gateway_id="gw-1", *options):
    process = desk.field(
        *("enrol-gateway", "--gateway", gateway_id, "--site", "sofia", "--directory", directory),
        *("--broker-host", "10.0.0.2", *options),
    )
    said, logged = process.communicate(timeout=30)
    return process.returncode, said + logged


def test_a_gateway_gets_its_settings_and_both_certificates(desk, tmp_path, cloud):
    status, _ = enrol_gateway(desk, tmp_path / "gw-1")
    assert status == 0
    assert dotenv_values(tmp_path / "gw-1" / "gateway.env") == {
        "GATEWAY_ID": "gw-1",
        "GATEWAY_SITE": "sofia",
        "GATEWAY_DATA_DIR": str(tmp_path / "gw-1"),
        "GATEWAY_BROKER_HOST": "10.0.0.2",
        "GATEWAY_BROKER_PORT": "8883",
        "GATEWAY_BROKER_TLS": "true",
        "GATEWAY_CLOUD_URL": cloud.url,
        "GATEWAY_CLOUD_TOKEN": cloud.gateway_tokens["gw-1"],
    }
    pki = tmp_path / "gw-1" / "pki"
    for name in ("ca.crt", "gateway.crt", "gateway.key", "broker.crt", "broker.key"):
        assert (pki / name).read_text().startswith("-----BEGIN ")
    assert stat.S_IMODE((tmp_path / "gw-1" / "gateway.env").stat().st_mode) == 0o600


def test_a_running_gateway_is_not_locked_out_by_a_second_run(desk, tmp_path, cloud):
    enrol_gateway(desk, tmp_path / "gw-1")
    token = cloud.gateway_tokens["gw-1"]
    status, _ = enrol_gateway(desk, tmp_path / "gw-1")
    assert status == 0
    assert cloud.gateway_tokens["gw-1"] == token
    assert len(cloud.certificates) == 2


def test_a_gateway_whose_token_was_revoked_gets_a_new_one(desk, tmp_path, cloud):
    enrol_gateway(desk, tmp_path / "gw-1")
    cloud.gateway_tokens["gw-1"] = "another"
    enrol_gateway(desk, tmp_path / "gw-1")
    kept = dotenv_values(tmp_path / "gw-1" / "gateway.env")["GATEWAY_CLOUD_TOKEN"]
    assert kept == cloud.gateway_tokens["gw-1"] != "another"


@pytest.mark.parametrize("lost", [1, 2, 3, 4])
def test_a_gateway_survives_any_lost_answer(desk, tmp_path, cloud, lost):
    cloud.loses_answer_number = lost
    status, logged = enrol_gateway(desk, tmp_path / "gw-1")
    assert status == 1
    assert "run this again" in logged
    status, _ = enrol_gateway(desk, tmp_path / "gw-1")
    assert status == 0
    assert len(cloud.certificates) == 2
    kept = dotenv_values(tmp_path / "gw-1" / "gateway.env")["GATEWAY_CLOUD_TOKEN"]
    assert kept == cloud.gateway_tokens["gw-1"]


def test_the_folder_of_another_gateway_is_refused(desk, tmp_path):
    enrol_gateway(desk, tmp_path / "gw-1")
    status, logged = enrol_gateway(desk, tmp_path / "gw-1", "gw-2")
    assert status == 1
    assert "is of gateway gw-1" in logged


def test_a_gateway_keeps_the_release_key_that_it_is_given(desk, tmp_path):
    key = RELEASE_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pub").write_bytes(key)
    options = ("--release-key", tmp_path / "key.pub")
    assert enrol_gateway(desk, tmp_path / "gw-1", "gw-1", *options)[0] == 0
    assert (tmp_path / "gw-1" / "pki" / "release.pub").read_bytes() == key


def test_the_secret_release_key_is_not_put_on_a_gateway(desk, tmp_path):
    secret = RELEASE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(secret)
    options = ("--release-key", tmp_path / "key")
    status, logged = enrol_gateway(desk, tmp_path / "gw-1", "gw-1", *options)
    assert status == 1
    assert "no Ed25519 public key" in logged
    assert not (tmp_path / "gw-1").exists()
