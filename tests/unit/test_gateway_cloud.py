# SPDX-License-Identifier: EUPL-1.2
"""The gateway's client of the cloud: whom it believes, what it hears, in which words it asks."""

import ssl

import pytest

from edge_gateway.errors import CloudBusyError, CloudNotTrustedError, EncodingRefusedError
from edge_gateway.forwarder import Cloud
from edge_gateway.store.entries import Entry
from tests.fakes.gateway_clock import FakeClock
from tests.fakes.ingest_cloud import IngestCloud
from tests.gateway_builders import NODE, NOON_S, settings
from tests.gateway_pki import Authority

NOON_MS = NOON_S * 1000


@pytest.fixture
async def cloud():
    cloud = IngestCloud()
    await cloud.start()
    yield cloud
    await cloud.stop()


def telegrams(count):
    return [
        Entry(
            number=n,
            kind="telegram",
            received_at_ms=NOON_MS,
            read_at_s=NOON_S,
            quality=0,
            body={
                "ver": 1,
                "id": NODE,
                "boot": 1,
                "seq": n,
                "t": NOON_S,
                "tq": 0,
                "reg": {"8-0:1.0.0": n},
            },
        )
        for n in range(1, count + 1)
    ]


def client(tmp_path, cloud, clock=None, scheme="http", **others):
    told = settings(tmp_path, cloud_url=f"{scheme}://127.0.0.1:{cloud.port}", **others)
    return Cloud(told, clock or FakeClock())


async def test_batches_travel_in_zstd_and_small_ones_plain(tmp_path, cloud):
    async with client(tmp_path, cloud) as gateway:
        await gateway.send("store", telegrams(500))
        await gateway.send("store", telegrams(1))
    assert cloud.encodings == ["zstd", ""]
    assert len(cloud.rows) == 500


async def test_a_cloud_that_knows_no_zstd_gets_gzip_from_then_on(tmp_path, cloud):
    cloud.understands = {"", "gzip"}
    async with client(tmp_path, cloud) as gateway:
        await gateway.send("store", telegrams(500))
        await gateway.send("store", telegrams(500))
    assert cloud.encodings == ["zstd", "gzip", "gzip"]
    assert len(cloud.rows) == 500


async def test_a_cloud_that_knows_no_compression_is_no_endless_loop(tmp_path, cloud):
    cloud.understands = {""}
    async with client(tmp_path, cloud) as gateway:
        for _ in range(2):
            with pytest.raises(EncodingRefusedError):
                await gateway.send("store", telegrams(500))
    assert cloud.encodings == ["zstd", "gzip", "gzip"]


async def test_the_time_that_the_cloud_tells_reaches_the_clock(tmp_path, cloud):
    clock = FakeClock(now_ms=1, trusted=False)
    async with client(tmp_path, cloud, clock) as gateway:
        cloud.now_ms = lambda: NOON_MS
        await gateway.send("store", telegrams(1))
        assert (clock.is_trusted(), clock.now_ms()) == (True, NOON_MS)
        cloud.configuration = {"nodes": [], "now_ms": NOON_MS + 60_000}
        await gateway.configuration()
    assert clock.now_ms() == NOON_MS + 60_000


@pytest.mark.parametrize("now_ms", [None, True, "1795000000000", 1.5])
async def test_what_is_no_time_is_not_taken_for_one(tmp_path, cloud, now_ms):
    clock = FakeClock(now_ms=1, trusted=False)
    cloud.configuration = {"nodes": [], "now_ms": now_ms}
    async with client(tmp_path, cloud, clock) as gateway:
        await gateway.configuration()
    assert (clock.is_trusted(), clock.now_ms()) == (False, 1)


@pytest.mark.parametrize("status", ["429", "503"])
@pytest.mark.parametrize(
    ("said", "heard_s"),
    [("", 0), ("7", 7), ("86400", 300), ("-1", 0), ("Sun, 22 Nov 2026 12:00:00 GMT", 0)],
)
async def test_how_long_the_cloud_wants_to_be_left_alone_is_heard(
    tmp_path, cloud, status, said, heard_s
):
    cloud.mood = lambda: status
    cloud.retry_after = said
    async with client(tmp_path, cloud) as gateway:
        with pytest.raises(CloudBusyError) as raised:
            await gateway.send("store", telegrams(1))
    assert raised.value.retry_after_s == heard_s


def served_by(authority, folder, cloud, name="localhost"):
    """Let the cloud show a certificate of this authority."""
    authority.issue(name, folder, "cloud")
    cloud.ssl = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    cloud.ssl.load_cert_chain(folder / "cloud.crt", folder / "cloud.key")


async def test_only_the_authority_of_the_settings_is_believed(tmp_path, monkeypatch):
    ours, other = Authority("Ours"), Authority("Another")
    ours.write_ca(tmp_path / "ours")
    other.write_ca(tmp_path / "other")
    # what the machine trusts, and what a variable makes of that, must not matter
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other" / "ca.crt"))
    told = {"scheme": "https", "cloud_ca_file": tmp_path / "ours" / "ca.crt"}
    for authority, is_let_in in ((ours, True), (other, False)):
        cloud = IngestCloud()
        served_by(authority, tmp_path / "served", cloud)
        await cloud.start()
        async with client(tmp_path, cloud, **told) as gateway:
            if is_let_in:
                await gateway.configuration()
            else:
                with pytest.raises(CloudNotTrustedError):
                    await gateway.configuration()
        await cloud.stop()
        assert cloud.tokens == ({"Bearer token-of-a-test"} if is_let_in else set())


async def test_a_certificate_of_ours_for_another_name_is_refused(tmp_path):
    elsewhere = IngestCloud()
    served_by(Authority("Ours"), tmp_path / "served", elsewhere, name="elsewhere")
    await elsewhere.start()
    told = settings(
        tmp_path,
        cloud_url=f"https://localhost:{elsewhere.port}",
        cloud_ca_file=tmp_path / "served" / "ca.crt",
    )
    async with Cloud(told, FakeClock()) as gateway:
        with pytest.raises(CloudNotTrustedError):
            await gateway.configuration()
    await elsewhere.stop()
