# SPDX-License-Identifier: EUPL-1.2
"""A small cloud for the field: a registry in memory and a CA that really signs.

It can lose answers: the request is carried out, then the connection breaks.
"""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOKEN = "technician-token"


class RefusedError(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class FakeFieldCloud:
    def __init__(self) -> None:
        self.gateways: dict[str, Any] = {}
        self.nodes: dict[str, Any] = {}
        self.installations: dict[str, Any] = {}
        self.gateway_tokens: dict[str, str] = {}
        self.certificates: dict[bytes, x509.Certificate] = {}  # by public key
        self.requests: list[str] = []
        self.highest_boot: dict[str, int] = {}
        self.loses_answer_number: int | None = None
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._ca = self._certificate("Test CA", self._key.public_key(), ca=True)

    def __enter__(self) -> Self:
        cloud = self

        class Requests(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                status, answer = cloud.answer(
                    self.command, self.path, body, self.headers.get("Authorization", "")
                )
                if cloud.loses_answer_number == len(cloud.requests):
                    return
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = _answer  # noqa: N815 - the names that http.server calls

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def ca_pem(self) -> str:
        return self._ca.public_bytes(serialization.Encoding.PEM).decode()

    def answer(
        self, method: str, path: str, body: dict[str, Any], authorization: str
    ) -> tuple[int, dict[str, Any]]:
        self.requests.append(f"{method} {path}")
        steps = path.removeprefix("/api/v1/").split("/")
        try:
            if steps[2:] == ["configuration"]:
                self._allow(authorization, self.gateway_tokens.get(steps[1], "none"))
                return 200, {"gateway_id": steps[1], "nodes": []}
            self._allow(authorization, TOKEN)
            return 200, self._act(method, steps, body)
        except RefusedError as error:
            return error.status, {"title": "Refused", "status": error.status, "detail": str(error)}

    def _allow(self, authorization: str, token: str) -> None:
        if authorization != f"Bearer {token}":
            raise RefusedError(401, "This token is not known.")

    def _act(self, method: str, steps: list[str], body: dict[str, Any]) -> dict[str, Any]:
        match method, steps:
            case "PUT", ["gateways", gateway_id]:
                self.gateways[gateway_id] = body
            case "PUT", ["nodes", node_id]:
                if body["gateway_id"] not in self.gateways:
                    raise RefusedError(404, f"There is no gateway {body['gateway_id']}.")
                self.nodes[node_id] = body
            case "PUT", ["installations", service_point_id]:
                self.installations[service_point_id] = body
            case "POST", ["nodes", node_id, "certificates"]:
                boot = self.highest_boot.get(node_id, 0) + 1
                return {**self._sign(node_id, body["csr_pem"]), "first_boot": boot}
            case "POST", ["gateways", gateway_id, "certificates"]:
                return self._sign(gateway_id, body["csr_pem"])
            case "POST", ["gateways", gateway_id, "token"]:
                number = sum("token" in request for request in self.requests)
                self.gateway_tokens[gateway_id] = f"gateway-token-{number}"
                return {"token": self.gateway_tokens[gateway_id]}
            case _:
                raise RefusedError(404, f"There is nothing at {'/'.join(steps)}.")
        return body

    def _sign(self, common_name: str, csr_pem: str) -> dict[str, Any]:
        csr = x509.load_pem_x509_csr(csr_pem.encode())
        assert csr.is_signature_valid
        key = csr.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        if key not in self.certificates:
            self.certificates[key] = self._certificate(common_name, csr.public_key())
        certificate = self.certificates[key]
        return {
            "certificate_pem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
            "ca_pem": self.ca_pem,
            "not_after": certificate.not_valid_after_utc.isoformat(),
            "serial": f"{certificate.serial_number:x}",
        }

    def _certificate(
        self,
        common_name: str,
        public_key: Any,
        *,
        ca: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        return builder.sign(self._key, hashes.SHA256())
