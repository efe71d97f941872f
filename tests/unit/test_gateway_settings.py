# SPDX-License-Identifier: EUPL-1.2
import json
import os
import subprocess
import sys

import pytest

from edge_gateway.broker import mosquitto
from edge_gateway.errors import SettingsError
from edge_gateway.feed import Feed
from edge_gateway.neighbours import Company
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import settings

GOOD = {
    "GATEWAY_ID": "gw-mladost",
    "GATEWAY_SITE": "sofia",
    "GATEWAY_CLOUD_URL": "https://cloud.example",
    "GATEWAY_CLOUD_TOKEN": "very-secret",
}


def gateway(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "edge_gateway", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        ({"GATEWAY_CLOUD_TOKEN": None}, "GATEWAY_CLOUD_TOKEN is missing: set it"),
        ({"GATEWAY_BROKER_PORT": "many"}, "GATEWAY_BROKER_PORT is wrong"),
        ({"GATEWAY_ID": "Gateway/1"}, "GATEWAY_ID is wrong"),
        ({"GATEWAY_CLOUD_URL": "http://cloud.example"}, "must begin with https://"),
        ({"GATEWAY_INFLUX_URL": "http://influx.example"}, "GATEWAY_INFLUX_URL is wrong"),
        ({"GATEWAY_HOMEASSISTANT_GUEST_PORT": "8884"}, "GATEWAY_HOMEASSISTANT_PASSWORD is missing"),
        (
            {"GATEWAY_HOMEASSISTANT_GUEST_PORT": "8884", "GATEWAY_BROKER_TLS": "false"},
            "GATEWAY_HOMEASSISTANT_GUEST_PORT needs GATEWAY_BROKER_TLS",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(tmp_path, spoilt, sentence):
    told = GOOD | {"GATEWAY_DATA_DIR": str(tmp_path)} | spoilt
    ended = gateway("run", **{name: text for name, text in told.items() if text is not None})
    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "very-secret" not in ended.stderr


def test_a_settings_file_that_is_not_there_is_a_sentence(tmp_path):
    ended = gateway("run", "--env-file", str(tmp_path / "none.env"))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)


def test_status_without_a_store_is_a_sentence(tmp_path):
    ended = gateway("status", "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    assert "There is no store in" in ended.stderr


def test_status_prints_json(tmp_path):
    env_file = tmp_path / "gateway.env"
    env_file.write_text("".join(f"{name}={text}\n" for name, text in GOOD.items()))
    with subprocess.Popen(
        [sys.executable, "-m", "edge_gateway", "run", "--env-file", str(env_file)],
        env=os.environ | {"GATEWAY_DATA_DIR": str(tmp_path), "GATEWAY_BROKER_TLS": "false"},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if json.loads(line)["event"] == "gateway_started":
                break
        found = json.loads(gateway("status", "--data-dir", str(tmp_path)).stdout)
        running.terminate()
        assert '"gateway_stopped"' in running.stderr.read()
        assert running.wait(10) == 0
    assert found["received"] == found["outbox"] == 0


def test_without_tls_the_broker_listens_to_its_own_machine_only(tmp_path):
    told = settings(tmp_path, broker_tls=False, broker_port=1883)
    assert "listener 1883 127.0.0.1\n" in mosquitto.write(told).read_text()


def test_a_mirror_whose_client_is_not_installed_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "edge_gateway.neighbours.influx", raising=False)
    monkeypatch.setitem(sys.modules, "influxdb_client.client.exceptions", None)
    told = settings(tmp_path, influx_url="http://127.0.0.1:8086")
    with pytest.raises(SettingsError, match=r"iskar\[gateway,mirror\]"):
        Company(told, Feed(), FakeClock(), lambda: True)


def test_a_gateway_that_is_asked_for_no_neighbour_has_none(tmp_path):
    assert Company(settings(tmp_path), Feed(), FakeClock(), lambda: True).lost_by_neighbour() == {}
