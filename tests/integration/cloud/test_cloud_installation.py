# SPDX-License-Identifier: EUPL-1.2
"""Every command of INSTALL.md is run, in order, as a person would copy it.

What changes a machine (packages, users, services, paths outside of ours) goes to a folder and to
stand-ins that check what they are asked for; the cloud, its database and the requests are real.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.postgres_processes import BINARIES
from tests.integration.cloud.process import CloudProcess
from tests.needs import ROOT

BLOCKS = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE).findall(
    (ROOT / "cloud" / "INSTALL.md").read_text()
)
OURS = ("/opt/iskar", "/etc/iskar", "/etc/caddy", "/var/lib/iskar-cloud", "/var/backups/iskar")
# Nothing is installed, nobody is added; a file or a unit that is named must be there.
STAND_INS = {
    "apt-get": "exit 0",
    "useradd": "exit 0",
    "chgrp": 'test -e "$2"',
    "make": 'test "$3" = setup && grep -q "^setup:" "$2/Makefile"',
    "git": 'test "$1" = clone && ln -s "$REPOSITORY" "$3"',
    "su": 'exec "$BINARIES/psql" "$ADMIN" -q -v ON_ERROR_STOP=1',
    "systemctl": 'test "$*" = "reload caddy" || { test "$1" = enable && test -f "$3"; }',
    "install": 'exec "$PYTHON" "$HERE/install.py" "$@"',
    "iskar-cloud": 'exec "$PYTHON" -m cloud "$@"',
    "curl": 'exec "$PYTHON" "$HERE/curl.py" "$@"',
}
INSTALL = """
import subprocess, sys
words = sys.argv[1:]
for option in ("-o", "-g"):  # the user isn't there
    while option in words:
        at = words.index(option)
        del words[at : at + 2]
subprocess.run(["/usr/bin/install", *words], check=True)
"""
# As much of curl as the page asks for: it is on every server, and not on every test machine.
CURL = """
import sys, httpx
words, headers, method, body, url = sys.argv[1:], {}, "GET", None, None
while words:
    word = words.pop(0)
    if word == "-H":
        name, _, told = words.pop(0).partition(": ")
        headers[name] = told
    elif word == "-X":
        method = words.pop(0)
    elif word == "-d":
        body = words.pop(0).encode()
    elif word != "-fsS":
        url = word
answer = httpx.request(method, url, headers=headers, content=body, timeout=20)
print(answer.text)
sys.exit(f"{answer.status_code} {answer.text}" if answer.status_code >= 400 else 0)
"""


class Machine:
    """An empty server: a folder for its paths, a PostgreSQL, and a shell."""

    def __init__(self, root: Path, dsn: str) -> None:
        self.root = root
        self.dsn = dsn
        stand_ins = root / "stand-ins"
        stand_ins.mkdir(parents=True)
        for folder in ("/opt", "/etc/caddy", "/var/lib", "/var/backups"):
            (root / folder[1:]).mkdir(parents=True)
        for name, script in STAND_INS.items():
            (stand_ins / name).write_text(f"#!/bin/sh\n{script}\n")
            (stand_ins / name).chmod(0o755)
        (stand_ins / "install.py").write_text(INSTALL)
        (stand_ins / "curl.py").write_text(CURL)
        self.environment = {
            **{name: told for name, told in os.environ.items() if "CLOUD_" not in name},
            "PATH": f"{stand_ins}:{os.environ['PATH']}",
            "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT),
            "REPOSITORY": str(ROOT),
            "HERE": str(stand_ins),
            "ADMIN": dsn,
            "BINARIES": str(BINARIES),
        }
        self.port = 0

    def run(self, *blocks: str) -> str:
        """Run blocks of the page in one shell and return what they print."""
        text = "\n".join(blocks)
        for path in OURS:
            text = text.replace(path, f"{self.root}{path}")
        port = str(psycopg.conninfo.conninfo_to_dict(self.dsn)["port"])
        text = text.replace("@127.0.0.1/iskar", f"@127.0.0.1:{port}/iskar")
        text = text.replace("127.0.0.1:8080/", f"127.0.0.1:{self.port}/")
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            env=self.environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def settle(self) -> dict[str, str]:
        """Move the paths in cloud.env below the folder and return what it says."""
        file = self.root / "etc/iskar/cloud.env"
        lines = file.read_text().splitlines()
        told = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        for name, quoted in told.items():
            text = "".join(shlex.split(quoted))
            told[name] = f"{self.root}{text}" if text.startswith(OURS) else text
        file.write_text("".join(f"{name}={shlex.quote(text)}\n" for name, text in told.items()))
        return told

    def lose(self, data_dir: Path) -> Path:
        """Put an empty directory in its place, and return where the lost one is."""
        data_dir.rename(lost := data_dir.with_name("lost"))
        data_dir.mkdir(mode=0o700)
        return lost


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    """Yield a PostgreSQL with nobody of ours in it."""
    postgres = EmbeddedPostgres(tmp_path / "pg")  # syncs: the doctor looks
    await postgres.start(must_own=True)
    with psycopg.connect(postgres.dsn, autocommit=True, dbname="postgres") as admin:
        admin.execute("drop database iskar")
        admin.execute("create role administrator superuser login password 'made-for-this-test'")
    yield psycopg.conninfo.make_conninfo(
        postgres.dsn, user="administrator", password="made-for-this-test", dbname="postgres"
    )
    await postgres.stop()


@pytest.mark.timeout(600)
async def test_the_page_leads_from_an_empty_server_to_a_restored_cloud(
    server: str, tmp_path: Path
) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("alter role iskar rename to owner_of_the_cluster")
    machine = Machine(tmp_path / "one", server)
    program, database, start, tls, first, backups, again, _docker = BLOCKS
    machine.run(program, database)
    settings = machine.settle()
    directory = tmp_path / "one" / "process"
    directory.mkdir()
    process = CloudProcess(
        directory, **{**settings, "CLOUD_DRAIN_S": "0", "CLOUD_METRICS_PORT": "0"}
    )
    machine.port = process.port
    process.environment |= {"CLOUD_DATA_DIR": settings["CLOUD_DATA_DIR"]}
    process.environment["CLOUD_HTTP_PORT"] = str(process.port)
    await process.start()  # what systemd does at `enable --now`
    try:
        await process.until_ready()
        load = start.splitlines()[0]
        machine.run(start, tls)
        told = machine.run(load, first)
        assert '"role": "operator"' in told
        assert json.loads(told.splitlines()[-1])["gateways"][0]["gateway_id"] == "gw-one"
        told = machine.run(load, backups)
        assert "fault" not in told
        assert "good     backups" in told
    finally:
        await process.stop()

    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("alter database iskar rename to lost")
        admin.execute("create database iskar owner iskar")
    data_dir = Path(settings["CLOUD_DATA_DIR"])
    lost = machine.lose(data_dir)
    told = machine.run(load, again)
    rows = json.loads(told.splitlines()[0])["rows"]
    assert (rows["premises"], rows["users"], rows["gateways"]) == (1, 2, 1)
    key, before = (directory / "ca" / "ca.key" for directory in (data_dir, lost))
    assert key.read_bytes() == before.read_bytes()
