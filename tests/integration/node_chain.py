# SPDX-License-Identifier: EUPL-1.2
"""What the tests of the virtual node share: a PKI, a real Mosquitto, and a gateway of 100 lines."""

import asyncio
import json
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wire import acknowledgement, command, event, status, telegram, topics

SITE = "sofia"
GATEWAY_ID = "gw-test"
WATER = "8-0:1.0.0"


class Pki:
    """A CA and the certificates it issues, PEM and DER."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
        self.ca = self._sign(self._name, self._key, is_ca=True)
        self._write("ca", self.ca, None)
        self.issue("broker", GATEWAY_ID)
        self.issue("gateway", GATEWAY_ID)

    def issue(self, file_name: str, common_name: str) -> None:
        """Issue a certificate and write it beside its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        self._write(file_name, self._sign(name, key), key)

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_ca: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        common_name = str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            names = x509.SubjectAlternativeName([x509.DNSName(common_name)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None
    ) -> None:
        for encoding, suffix in (
            (serialization.Encoding.PEM, ""),
            (serialization.Encoding.DER, ".der"),
        ):
            (self.directory / f"{name}.crt{suffix}").write_bytes(certificate.public_bytes(encoding))
            if key is not None:
                (self.directory / f"{name}.key{suffix}").write_bytes(
                    key.private_bytes(
                        encoding,
                        serialization.PrivateFormat.TraditionalOpenSSL,
                        serialization.NoEncryption(),
                    )
                )


class Broker:
    """Mosquitto with mutual TLS, started and killed at will on one port."""

    def __init__(self, program: Path, directory: Path, pki: Pki) -> None:
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._configuration = directory / "mosquitto.conf"
        self._configuration.write_text(
            f"""user root
listener {self.port} 127.0.0.1
cafile {pki.directory}/ca.crt
certfile {pki.directory}/broker.crt
keyfile {pki.directory}/broker.key
require_certificate true
use_identity_as_username true
allow_anonymous false
set_tcp_nodelay true
log_dest file {directory}/mosquitto.log
"""
        )

    async def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = await asyncio.create_subprocess_exec(
            self._program,
            "-c",
            self._configuration,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await until(self._listens, "Mosquitto does not listen")

    async def stop(self, *, is_killed: bool = False) -> None:
        """End it, with SIGKILL if asked to."""
        if self._process is not None and self._process.returncode is None:
            (self._process.kill if is_killed else self._process.terminate)()
            await self._process.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Gateway:
    """Stores in memory, acknowledges the contiguous watermark, answers with the time."""

    def __init__(self, port: int, pki: Pki) -> None:
        self._port = port
        self._tls = ssl.create_default_context(cafile=str(pki.directory / "ca.crt"))
        self._tls.load_cert_chain(pki.directory / "gateway.crt", pki.directory / "gateway.key")
        self._tls.check_hostname = False
        self.stored: dict[tuple[int, int], bytes] = {}
        self.arrived_at: dict[tuple[int, int], float] = {}
        self.conflicts: list[tuple[int, int]] = []
        self.repeats = 0
        self.statuses: list[status.Status] = []
        self.acknowledges = True
        self.tells_time = True
        self._watermarks: dict[int, int] = defaultdict(int)
        self._client: aiomqtt.Client | None = None

    async def run(self) -> None:
        """Serve until cancelled, over broker restarts."""
        while True:
            try:
                async with aiomqtt.Client(
                    "127.0.0.1",
                    self._port,
                    tls_context=self._tls,
                    identifier="gateway",
                    socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
                ) as client:
                    self._client = client
                    for channel in topics.FROM_NODE:
                        await client.subscribe(topics.every_node(SITE, GATEWAY_ID, channel), qos=1)
                    async for message in client.messages:
                        await self._take(message)
            except aiomqtt.MqttError:
                await asyncio.sleep(0.1)

    async def send(self, node_id: str, channel: str, payload: bytes, qos: int = 1) -> None:
        """Publish something to a node."""
        assert self._client is not None
        name = topics.topic(SITE, GATEWAY_ID, node_id, channel)
        await self._client.publish(name, payload, qos=qos)

    async def _take(self, message: aiomqtt.Message) -> None:
        _, _, node_id, channel = topics.parse(str(message.topic))
        payload = bytes(message.payload)  # type: ignore[arg-type]
        if channel == topics.STATUS:
            await self._take_status(node_id, status.decode(payload), bool(message.retain))
            return
        decoded = (telegram if channel == topics.TELEGRAM else event).decode(payload)
        assert decoded.node_id == node_id
        key = (decoded.boot, decoded.sequence)
        self.arrived_at.setdefault(key, time.time())
        if key in self.stored:
            self.repeats += 1
            if self.stored[key] != payload:
                self.conflicts.append(key)
        self.stored.setdefault(key, payload)
        await self._acknowledge(node_id, decoded.boot)

    async def _acknowledge(self, node_id: str, boot: int) -> None:
        while (boot, self._watermarks[boot] + 1) in self.stored:
            self._watermarks[boot] += 1
        if self.acknowledges:
            done = acknowledgement.encode(boot, self._watermarks[boot])
            await self.send(node_id, topics.ACKNOWLEDGEMENT, done, qos=0)

    async def _take_status(self, node_id: str, said: status.Status, is_retained: bool) -> None:
        self.statuses.append(said)
        if said.held_sequence - 1 > self._watermarks[said.held_boot]:
            self._watermarks[said.held_boot] = said.held_sequence - 1
            await self._acknowledge(node_id, said.held_boot)
        if said.state == status.ONLINE and not is_retained and self.tells_time:
            now = command.encode_time(said.up_ms, int(time.time() * 1000))
            await self.send(node_id, topics.COMMAND, now)


def a_pulse_channel(**changes: Any) -> dict[str, Any]:
    """A water meter of 1 l a pulse on input 0, dial at 5 l."""
    channel = {"obis": WATER, "kind": "pulse", "input": 0, "per_pulse": [1000, 1], "start": 5000}
    return {**channel, **changes}


def provision(directory: Path, pki: Pki, port: int, **changes: Any) -> None:
    """Write a node's settings and keys, as provisioning does."""
    node_id = directory.name
    pki.issue(node_id, node_id)
    flash = directory / "flash"
    (flash / "pki").mkdir(parents=True)
    for source, name in (
        ("ca.crt.der", "ca.der"),
        (f"{node_id}.crt.der", "node.crt.der"),
        (f"{node_id}.key.der", "node.key.der"),
    ):
        (flash / "pki" / name).write_bytes((pki.directory / source).read_bytes())
    settings: dict[str, Any] = {
        "ver": 1,
        "node_id": node_id,
        "site": SITE,
        "gateway_id": GATEWAY_ID,
        "first_boot": 1,
        "sample_interval_s": 1,
        "wifi": {"ssid": "building", "password": "not a secret"},
        "broker": {"host": "127.0.0.1", "port": port, "tls": True, "server_name": GATEWAY_ID},
        "modbus": {"baud": 9600, "parity": "N", "timeout_ms": 500},
        "channels": [a_pulse_channel()],
    }
    (flash / "settings.json").write_text(json.dumps({**settings, **changes}))


def closures(start_us: int, count: int) -> list[tuple[int, int]]:
    """Return the edges of ``count`` pulses of 30 ms, each with 2 ms of bounce."""
    edges = []
    for number in range(count):
        closed_us = start_us + number * 60_000
        edges += [(closed_us + bounce * 500, 1 - bounce % 2) for bounce in range(5)]
        edges.append((closed_us + 32_000, 0))
    return edges


async def until(is_so: Callable[[], bool], complaint: str, limit_s: float = 20) -> None:
    """Wait until ``is_so()``; fail with ``complaint`` after ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, complaint
        await asyncio.sleep(0.02)


@asynccontextmanager
async def chain(mosquitto: Path, directory: Path) -> AsyncIterator[tuple[Pki, Broker, Gateway]]:
    """Run a broker and a gateway."""
    pki = Pki(directory / "pki")
    broker = Broker(mosquitto, directory, pki)
    await broker.start()
    gateway = Gateway(broker.port, pki)
    task = asyncio.create_task(gateway.run())
    try:
        yield pki, broker, gateway
    finally:
        while not task.done():  # a failed disconnect would replace the cancellation
            task.cancel()
            await asyncio.wait([task], timeout=1)
        await broker.stop()
