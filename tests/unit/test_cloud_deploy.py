# SPDX-License-Identifier: EUPL-1.2
"""What production is started by: units by systemd's own judgement, the rest by what it must say.

Docker, Caddy and Prometheus are not asked: they aren't on the machines that run the tests.
"""

import json
import os
import re
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest
from typer.main import get_command

from cloud.app.commands import cli
from cloud.kit.metrics import REGISTRY
from cloud.kit.settings import CloudSettings
from tests.needs import ROOT, program

DEPLOY = ROOT / "cloud" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MOST_EXPOSED = 15  # of 100, as systemd counts
OURS = ("cloud", "worker")
FENCED = re.DOTALL | re.MULTILINE


def _asked(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("systemd-analyze"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"SYSTEMD_COLORS": "0"},
    )


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_systemd_finds_no_fault_with_the_units(tmp_path):
    files = [*UNITS, DEPLOY / "systemd" / "iskar-cloud-backup.timer"]
    for file in files:
        said = file.read_text().replace("/opt/iskar/.venv/bin/iskar-cloud", sys.executable)
        (tmp_path / file.name).write_text(said)
    found = _asked("verify", "--man=no", *(tmp_path / file.name for file in files))
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened(unit):
    found = _asked("security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_there_is(unit):
    told = re.search(r"^ExecStart=\S+/iskar-cloud (.+)$", unit.read_text(), re.MULTILINE)
    name, *options = told[1].split()
    command = get_command(cli).commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {option for option in options if option.startswith("-")} <= known


def test_what_the_template_sets_are_settings_and_no_secrets():
    lines = (DEPLOY / "cloud.env.template").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    known = {f"CLOUD_{name.upper()}" for name in CloudSettings.model_fields}
    assert set(told) <= known
    assert told["CLOUD_DATABASE_URL"] == told["CLOUD_PUBLIC_URL"] == ""


def test_what_the_proxy_says_of_callers_counts(compose, tmp_path):
    file = tmp_path / "cloud.env"
    lines = (DEPLOY / "cloud.env.template").read_text().replace("_URL=\n", "_URL=https://x\n")
    file.write_text(lines)
    sourced = subprocess.run(
        ["sh", "-c", f'. {file}; printf %s "$CLOUD_TRUSTED_PROXIES"'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    asked = {"data_dir": tmp_path, "trusted_proxies": json.loads(sourced)}
    assert ip_network("127.0.0.1/32") in CloudSettings(**asked).trusted_proxies

    front = ip_network(compose["networks"]["front"]["ipam"]["config"][0]["subnet"])
    told = compose["services"]["cloud"]["environment"]["CLOUD_TRUSTED_PROXIES"]
    assert [ip_network(one) for one in json.loads(told)] == [front]
    on_it = {name for name, one in compose["services"].items() if "front" in one["networks"]}
    assert on_it == {"tls", "cloud"}
    tls, cloud = (set(compose["services"][one]["networks"]) for one in ("tls", "cloud"))
    assert tls & cloud == {"front"}  # so that there is no other way from one to the other


def test_every_service_of_the_compose_file_is_bounded_and_names_its_version(compose):
    for name, service in compose["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["restart"] == "unless-stopped", name
        assert name in OURS or re.search(r":v?\d+\.\d+", service["image"]), name
        if name != "database":
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name


def test_only_tls_is_reached_from_outside(compose):
    reached = {
        name: [port for port in service.get("ports", ()) if not port.startswith("127.0.0.1:")]
        for name, service in compose["services"].items()
    }
    assert {name for name, ports in reached.items() if ports} == {"tls"}
    assert compose["networks"]["inside"] == {"internal": True}
    assert compose["services"]["database"]["networks"] == ["inside"]


def test_every_password_is_a_file_that_the_compose_file_names(compose):
    used = {one for service in compose["services"].values() for one in service.get("secrets", ())}
    assert used == set(compose["secrets"])
    for service in compose["services"].values():
        for name, text in (service.get("environment") or {}).items():
            if re.search("PASSWORD|SECRET|PASSPHRASE", name):
                assert text.startswith("/run/secrets/"), name


def test_what_the_compose_file_mounts_is_there(compose):
    for service in compose["services"].values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            there = (DEPLOY / source).exists() if source.startswith(".") else True
            assert there, mount
            assert source.startswith(".") or source in compose["volumes"], mount


def test_the_image_runs_without_root_and_installs_by_hash():
    said = (DEPLOY / "Dockerfile").read_text()
    final = said[said.rindex("\nFROM ") :]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "--require-hashes -r bootstrap.lock" in said
    copied = re.findall(r"^COPY (\S+) \1$", said, re.MULTILINE)
    assert copied
    for name in copied:
        assert (ROOT / name).is_dir(), name


def test_passwords_made_as_the_page_says_are_readable_in_the_containers_and_nowhere_else(
    tmp_path: Path,
):
    page = (ROOT / "cloud" / "INSTALL.md").read_text()
    [block] = re.findall(r"^```sh\n(.*?)^```$", page.partition("## With Docker")[2], FENCED)
    made: dict[Path, str] = {}
    for _ in range(2):  # a second time changes nothing
        subprocess.run(["bash", "-euc", f"umask 027\n{block}"], cwd=tmp_path, check=True)
        now = {path: path.read_text() for path in (tmp_path / "secrets").iterdir()}
        assert made in ({}, now)
        made = now
    said = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["secrets"]
    assert {tmp_path / one["file"] for one in said.values()} == made.keys()
    assert {path.stat().st_mode & 0o777 for path in made} == {0o444}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert len(set(made.values())) == len(made)
    assert all(len(text.strip()) == 48 for text in made.values())


@pytest.mark.parametrize("file", [".gitignore", ".dockerignore"])
def test_an_installations_passwords_get_neither_into_the_repository_nor_the_image(file: str):
    lines = {line.strip("/") for line in (ROOT / file).read_text().splitlines()}
    assert {f"cloud/deploy/{name}" for name in (".env", "cloud.env", "secrets")} <= lines


def test_every_alert_says_what_to_do_and_asks_for_metrics_that_there_are():
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    source = (ROOT / "cloud" / "operation" / "metrics.py").read_text()
    counted = generate_latest(REGISTRY).decode()
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 10
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["action"]
        for name in re.findall(r"iskar_\w+", rule["expr"]):
            base = re.sub(r"_(total|count|bucket|sum)$", "", name)
            is_counted = re.search(rf"^# TYPE {base}(_total)? ", counted, re.MULTILINE)
            assert is_counted or f'"{name.removeprefix("iskar_")}"' in source, name
