# SPDX-License-Identifier: EUPL-1.2
"""``iskar-gateway doctor`` on a gateway in order, and on each thing that may be out of order."""

import asyncio
import datetime
import shutil

import pytest

from edge_gateway.doctor import disk, examine, papers, power
from edge_gateway.store.database import Store
from tests.fakes.gateway_clock import FakeClock
from tests.fakes.ingest_cloud import IngestCloud
from tests.gateway_builders import GATEWAY, settings
from tests.gateway_pki import Authority
from tests.gateway_process import Program, free_port, port_open

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]

NOW = datetime.datetime.now(datetime.UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A gateway's data directory: enrolled, with a store."""
    folder = tmp_path_factory.mktemp("gateway")
    authority = Authority()
    for name in ("gateway", "broker"):
        authority.issue(GATEWAY, folder / "pki", name, days=365)
        (folder / "pki" / f"{name}.key").chmod(0o600)

    async def make_store():
        await (await Store.open(folder)).close()

    asyncio.run(make_store())
    return folder


@pytest.fixture(scope="module")
def port(home):
    port = free_port()
    broker = Program("broker", home, BROKER_PORT=port, BROKER_BIND="127.0.0.1")
    broker.start()
    asyncio.run(port_open(port))
    yield port
    broker.stop()


async def levels(told, clock=None):
    return {v.about: v.level for v in await examine(told, clock or FakeClock())}


async def test_a_gateway_in_order_has_no_fault(home, port):
    cloud = IngestCloud()
    await cloud.start()
    url = f"http://127.0.0.1:{cloud.port}"
    told = settings(home, broker_port=port, cloud_url=url, clock="checked")
    found = await examine(told, FakeClock())
    await cloud.stop()
    assert [v for v in found if v.level == "fault"] == []
    assert {v.about for v in found if v.level == "good"} >= {
        *("store", "outbox", "certificates", "broker", "cloud", "clock")
    }


async def test_what_does_not_answer_is_a_fault_and_an_untrusted_clock_a_warning(home):
    told = settings(home, broker_port=free_port(), clock="checked")
    found = await levels(told, FakeClock(trusted=False))
    assert (found["broker"], found["cloud"], found["clock"]) == ("fault", "fault", "warning")


async def test_a_broker_that_bears_another_name_is_a_fault(home, port):
    told = settings(home, broker_port=port, broker_server_name="gw-other")
    assert (await levels(told))["broker"] == "fault"


async def test_a_damaged_store_is_a_fault_and_stays_as_it_is(tmp_path):
    damaged = b"SQLite format 3\0" + bytes(range(256)) * 64
    (tmp_path / "store.sqlite3").write_bytes(damaged)
    assert (await levels(settings(tmp_path, broker_tls=False)))["store"] == "fault"
    assert (tmp_path / "store.sqlite3").read_bytes() == damaged


def test_certificates_are_judged_one_by_one(home, tmp_path):
    pki = tmp_path / "pki"
    told = settings(tmp_path)
    right, wrong = Authority(), Authority()

    def verdict(now=NOW):
        return next(iter(papers.look(told, now)))

    assert "No such file" in verdict().said
    right.issue(GATEWAY, pki, "gateway", days=365)
    assert "chmod 600" in verdict().said
    (pki / "gateway.key").chmod(0o600)
    assert verdict().level == "good"
    assert verdict(NOW + datetime.timedelta(days=340)).level == "warning"
    assert "run out" in verdict(NOW + datetime.timedelta(days=366)).said
    wrong.write_ca(pki)
    assert "has not signed" in verdict().said
    right.write_ca(pki)
    (pki / "gateway.key").write_bytes((home / "pki" / "broker.key").read_bytes())
    assert "is not the key of" in verdict().said


@pytest.mark.parametrize(
    ("mounts", "said"),
    [
        ("/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n", "free"),
        ("/dev/mmcblk0p2 / ext4 rw,nobarrier 0 0\n", "nobarrier"),
        ("/dev/mmcblk0p2 / ext4 rw 0 0\noverlay / overlay rw 0 0\n", "overlay"),
        ("overlay / overlay rw 0 0\n/dev/sda1 {} ext4 rw 0 0\n", "free"),
    ],
)
def test_a_disk_that_forgets_is_a_fault(tmp_path, mounts, said):
    listing = tmp_path / "mounts"
    listing.write_text(mounts.format(tmp_path))
    found = list(disk.look(tmp_path, 16, listing))
    assert said in found[0].said
    assert (found[0].level == "fault") == (said != "free")


def test_a_disk_that_the_store_may_outgrow_is_a_warning(tmp_path):
    free_mb = shutil.disk_usage(tmp_path).free // 2**20
    levels = [[v.level for v in disk.look(tmp_path, limit)][-1] for limit in (16, 2 * free_mb)]
    assert levels == ["good", "warning"]


def test_weak_power_and_a_sleeping_watchdog_are_warnings(tmp_path):
    throttled, watchdog = tmp_path / "throttled", tmp_path / "state"
    for said, state, level in (("50005", "inactive", "warning"), ("0", "active", "good")):
        throttled.write_text(said + "\n")
        watchdog.write_text(state + "\n")
        assert [v.level for v in power.look(throttled, watchdog)] == [level, level]
    assert list(power.look(tmp_path / "none", tmp_path / "none")) == []
