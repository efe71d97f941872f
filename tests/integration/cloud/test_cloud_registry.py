# SPDX-License-Identifier: EUPL-1.2
"""The registry is idempotent, refuses what can't be, and issues certificates that verify."""

import asyncio
import base64
import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud.kit.auth.rights import Role
from cloud.meters.authority import Authority
from cloud.meters.service import lock_gateway
from tests.integration.cloud.builders import COLD, INSTALLED, NOON, CloudInTest, a_telegram


def a_request(key: Any = None, name: str = "whoever") -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    request = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def a_tampered_request() -> str:
    """Return a request whose name was changed after it was signed."""
    der = x509.load_pem_x509_csr(a_request().encode()).public_bytes(serialization.Encoding.DER)
    tampered = base64.encodebytes(der.replace(b"whoever", b"whoevil")).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{tampered}-----END CERTIFICATE REQUEST-----\n"


async def test_registering_twice_changes_nothing(cloud: CloudInTest) -> None:
    before = await cloud.operator.get("/premises/p-one")
    await cloud.register("one")
    assert await cloud.operator.get("/premises/p-one") == before


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (
            "/service-points/sp-x",
            {
                "premises_id": "p-x",
                "name": {"bg": "а", "en": "a"},
                "reading_type": "gas",
            },
            409,
        ),
        (
            "/service-points/sp-x",
            {
                "premises_id": "p-one",
                "name": {"bg": "а", "en": "a"},
                "reading_type": "gas_flow",
            },
            422,
        ),
        ("/nodes/n-x", {"gateway_id": "gw-x", "board": "esp32"}, 409),
        ("/nodes/N_x", {"gateway_id": "gw-one", "board": "esp32"}, 422),
        ("/meters/m-x", {"serial": "1one", "make": "Zenner", "model": "E"}, 422),
        ("/meters/m-x", {"serial": "2", "make": "Z", "model": "E", "colour": "blue"}, 422),
        ("/premises/p-x", {"name": "House"}, 422),
    ],
)
async def test_what_can_not_be_registered_is_refused_in_a_sentence(
    cloud: CloudInTest, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await cloud.operator.ask("PUT", path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


async def test_a_meter_can_not_be_hung_before_the_one_it_replaces(cloud: CloudInTest) -> None:
    await cloud.operator.put("/meters/m-two", {"serial": "2", "make": "Z", "model": "E"})
    answer = await cloud.operator.ask(
        "PUT",
        "/installations/sp-one",
        json={
            "meter_id": "m-two",
            "node_id": "n-one",
            "obis": COLD,
            "installed_at": INSTALLED.isoformat(),
        },
    )
    assert answer.status_code == 409


@pytest.mark.parametrize("days", [-2, 0, 3])
async def test_enrolling_again_keeps_the_installation_and_an_earlier_time_corrects_it(
    cloud: CloudInTest, days: int
) -> None:
    early = a_telegram(1, at=INSTALLED - timedelta(days=1), registers={COLD: 7})
    await cloud.gateway.send(early, a_telegram(2, at=INSTALLED + timedelta(days=1)))
    again = {
        "meter_id": "m-one",
        "node_id": "n-one",
        "obis": COLD,
        "installed_at": (INSTALLED + timedelta(days=days)).isoformat(),
    }
    await cloud.operator.put("/installations/sp-one", again)
    readings = await cloud.operator.all("/service-points/sp-one/readings")
    assert [one["sequence"] for one in readings] == ([1, 2] if days < 0 else [2])


async def test_a_gateway_learns_what_its_nodes_read_and_nothing_of_others(
    cloud: CloudInTest,
) -> None:
    await cloud.register("two")
    assert await cloud.gateway.get("/gateways/gw-one/configuration") == {
        "gateway_id": "gw-one",
        "now_ms": int(NOON.timestamp() * 1000),
        "nodes": [
            {
                "node_id": "n-one",
                "channels": [
                    {
                        "obis": COLD,
                        "meter_id": "m-one",
                        "service_point_id": "sp-one",
                        "utility": "water",
                        "q3_l_per_h": None,
                        "households": None,
                        "parent": None,
                        "labels": [],
                        "rules_off": [],
                    }
                ],
            }
        ],
    }
    assert (await cloud.gateway.ask("GET", "/gateways/gw-two/configuration")).status_code == 403


async def test_a_nodes_certificate_bears_its_registered_name(cloud: CloudInTest) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issued = await cloud.operator.post("/nodes/n-one/certificates", {"csr_pem": a_request(key)})
    certificate = x509.load_pem_x509_certificate(issued["certificate_pem"].encode())
    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "n-one"
    assert certificate.public_key() == key.public_key()
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    authority = x509.load_pem_x509_certificate(issued["ca_pem"].encode())
    certificate.verify_directly_issued_by(authority)
    assert issued["serial"] == f"{certificate.serial_number:x}"
    assert certificate.not_valid_before_utc == datetime(1970, 1, 1, tzinfo=UTC)
    assert (await cloud.nobody.ask("GET", "/ca")).text == issued["ca_pem"]


async def test_a_gateways_server_certificate_is_good_for_its_name_and_loopback(
    cloud: CloudInTest,
) -> None:
    issued = await cloud.operator.post(
        "/gateways/gw-one/certificates", {"csr_pem": a_request(), "usage": "server"}
    )
    certificate = x509.load_pem_x509_certificate(issued["certificate_pem"].encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"gw-one", "localhost"}
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


async def test_the_same_key_asked_for_again_gets_the_same_certificate(cloud: CloudInTest) -> None:
    node, gateway = "/nodes/n-one/certificates", "/gateways/gw-one/certificates"
    request = {"csr_pem": a_request(ec.generate_private_key(ec.SECP256R1()))}
    first, again = await asyncio.gather(
        cloud.operator.post(node, request), cloud.operator.post(node, request)
    )
    assert again == first
    assert (await cloud.operator.post(node, {"csr_pem": a_request()}))["serial"] != first["serial"]
    sides = [
        (await cloud.operator.post(gateway, {**request, "usage": usage}))["serial"]
        for usage in ("client", "server", "client", "server")
    ]
    assert sides[:2] == sides[2:]
    assert len({first["serial"], *sides}) == 3


async def test_a_certificate_that_is_about_to_end_is_not_handed_out_again(
    cloud: CloudInTest,
) -> None:
    path, request = "/nodes/n-one/certificates", {"csr_pem": a_request()}
    first = await cloud.operator.post(path, request)
    cloud.clock.time = datetime.fromisoformat(first["not_after"]) - timedelta(days=29)
    operator = await cloud.caller(Role.OPERATOR)  # a token of today: the first has ended
    assert (await operator.post(path, request))["serial"] != first["serial"]


async def test_a_certificate_of_an_authority_that_is_no_more_is_not_handed_out_again(
    cloud: CloudInTest,
) -> None:
    path, request = "/nodes/n-one/certificates", {"csr_pem": a_request()}
    first = await cloud.operator.post(path, request)
    cloud.services.meters.authority.certificate_file.unlink()
    cloud.services.meters.authority.ensure()
    second = await cloud.operator.post(path, request)
    assert second["serial"] != first["serial"]
    x509.load_pem_x509_certificate(second["certificate_pem"].encode()).verify_directly_issued_by(
        x509.load_pem_x509_certificate(second["ca_pem"].encode())
    )


def test_an_authority_that_several_commands_make_at_once_is_one(tmp_path: Path) -> None:
    for number in range(20):
        authority = Authority(tmp_path / str(number))
        with ThreadPoolExecutor(4) as commands:
            for made in [commands.submit(authority.ensure) for _ in range(4)]:
                made.result()
        key = serialization.load_pem_private_key(
            (tmp_path / str(number) / "ca.key").read_bytes(), None
        )
        certificate = x509.load_pem_x509_certificate(authority.pem.encode())
        assert certificate.public_key() == key.public_key()


async def test_a_node_that_takes_over_waits_for_what_the_other_gateway_is_storing(
    cloud: CloudInTest,
) -> None:
    await cloud.register("two")
    await cloud.operator.put("/meters/m-new", {"serial": "9", "make": "Zenner", "model": "ETK"})
    takes_over = {
        "meter_id": "m-new",
        "node_id": "n-two",
        "obis": "8-1:1.0.0",
        "installed_at": NOON.isoformat(),
    }
    async with cloud.services.database.transaction() as connection:
        await lock_gateway(connection, "gw-one")  # as a batch of the gateway it is read by now
        taking_over = asyncio.create_task(cloud.operator.put("/installations/sp-one", takes_over))
        await asyncio.sleep(0.3)
        assert not taking_over.done()
    await taking_over


@pytest.mark.parametrize("when", ["1899-12-31T23:59:59Z", "2100-01-01T00:00:00Z"])
async def test_a_meter_is_not_installed_at_a_time_that_can_only_be_a_mistake(
    cloud: CloudInTest, when: str
) -> None:
    known = {"meter_id": "m-one", "node_id": "n-one", "obis": "8-0:1.0.0", "installed_at": when}
    answer = await cloud.operator.ask("PUT", "/installations/sp-one", json=known)
    assert answer.status_code == 422


async def test_a_node_counts_boots_from_after_the_highest_ever_seen(cloud: CloudInTest) -> None:
    path, request = "/nodes/n-one/certificates", {"csr_pem": a_request()}
    assert (await cloud.operator.post(path, request))["first_boot"] == 1
    await cloud.gateway.send(a_telegram(1, boot=0), a_telegram(2, boot=41))
    assert (await cloud.operator.post(path, request))["first_boot"] == 42


@pytest.mark.parametrize(
    "request_pem",
    [
        "",
        "hello",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        a_request(rsa.generate_private_key(65537, 2048)),
        a_request(ec.generate_private_key(ec.SECP384R1())),
        a_tampered_request(),
    ],
    ids=["empty", "no-pem", "no-request", "rsa", "other-curve", "tampered"],
)
async def test_a_request_that_can_not_be_signed_is_refused(
    cloud: CloudInTest, request_pem: str
) -> None:
    answer = await cloud.operator.ask(
        "POST", "/nodes/n-one/certificates", json={"csr_pem": request_pem}
    )
    assert answer.status_code == 422
    unknown = await cloud.operator.ask(
        "POST", "/nodes/n-x/certificates", json={"csr_pem": a_request()}
    )
    assert unknown.status_code == 404


async def test_the_authoritys_key_is_ours_alone_and_its_server_certificate_loads(
    cloud: CloudInTest,
) -> None:
    authority = cloud.services.meters.authority
    folder = authority.certificate_file.parent
    assert stat.S_IMODE((folder / "ca.key").stat().st_mode) == 0o600
    certificate, key = authority.own_server(folder, "cloud", ("localhost", "127.0.0.1"))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    ssl.create_default_context(cafile=str(authority.certificate_file))
