# SPDX-License-Identifier: EUPL-1.2
"""Enrolment: the steps from a bare board to a node that the gateway will trust.

register with the cloud, get the certificate, write the files, read them back. Each step asks
how things are before it changes them, so a run may stop anywhere and be run again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from json import JSONDecodeError, loads

import structlog

from provisioning import identity, settings
from provisioning.cloud import Cloud
from provisioning.dossier import Dossier, Papers
from provisioning.errors import NodeTakenError, VerificationError
from provisioning.node import NodeFiles
from provisioning.plan import Node, Plan
from provisioning.settings import RegisterMaps

log = structlog.get_logger()

SETTINGS = "settings.json"
CA = "pki/ca.der"
CERTIFICATE = "pki/node.crt.der"
KEY = "pki/node.key.der"


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """What an enrolment came to; ``written`` is empty where the node held everything already."""

    node_id: str
    written: tuple[str, ...]
    certificate_serial: str | None
    certificate_ends_at: datetime


class Enrolment:
    """Enrols nodes of one plan with one cloud."""

    def __init__(self, plan: Plan, maps: RegisterMaps, cloud: Cloud) -> None:
        self._plan = plan
        self._maps = maps
        self._cloud = cloud

    def enrol(
        self, node: Node, files: NodeFiles, dossier: Dossier, *, replace: bool = False
    ) -> Enrolled:
        """Make ``files`` the files of ``node``; raise FieldError, and then it may be run again."""
        settings.node_settings(self._plan, node, self._maps, first_boot=1)  # faults show first
        _refuse_another_node(files, node.node_id, replace=replace)
        request_pem = dossier.request_pem()
        log.info("key_ready", node_id=node.node_id)
        self._register(node, dossier)
        papers = dossier.papers() or self._certify(node, dossier, request_pem)
        content = self._content(node, papers, dossier)
        if dossier.is_complete() and KEY in _differing(files, content):
            # a fresh board or a wiped flash must count its boots on from what the cloud saw
            papers = self._certify(node, dossier, request_pem)
            content = self._content(node, papers, dossier)
        written = _write(files, content)
        dossier.complete()
        log.info("enrolled", node_id=node.node_id, files_written=len(written))
        return Enrolled(
            node_id=node.node_id,
            written=written,
            certificate_serial=papers.serial,
            certificate_ends_at=papers.not_after,
        )

    def _register(self, node: Node, dossier: Dossier) -> None:
        installed_at = self._plan.installed_at or dossier.first_tried_at(datetime.now(UTC))
        self._cloud.register_node(node, installed_at)
        log.info("node_registered", node_id=node.node_id, meters=len(node.channels))

    def _certify(self, node: Node, dossier: Dossier, request_pem: bytes) -> Papers:
        papers = self._cloud.certify_node(node.node_id, request_pem)
        dossier.keep_papers(papers)
        log.info("certificate_received", node_id=node.node_id, ends_at=f"{papers.not_after:%F}")
        return papers

    def _content(self, node: Node, papers: Papers, dossier: Dossier) -> dict[str, bytes]:
        """Return the node's files in the order to write them: settings last, they start it."""
        return {
            CA: identity.certificate_der(papers.ca_pem.encode()),
            KEY: identity.key_der(dossier.key_pem()),
            CERTIFICATE: identity.certificate_der(papers.certificate_pem.encode()),
            SETTINGS: settings.encode(
                settings.node_settings(self._plan, node, self._maps, papers.first_boot)
            ),
        }


def _refuse_another_node(files: NodeFiles, node_id: str, *, replace: bool) -> None:
    held = files.read(SETTINGS)
    try:
        found = loads(held)["node_id"] if held else node_id
    except (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return  # torn settings are nobody's
    if found != node_id and not replace:
        raise NodeTakenError(found, node_id)


def _differing(files: NodeFiles, content: dict[str, bytes]) -> tuple[str, ...]:
    return tuple(path for path in content if files.sha256(path) != sha256(content[path]).digest())


def _write(files: NodeFiles, content: dict[str, bytes]) -> tuple[str, ...]:
    """Write what differs, read all back; return what was written."""
    differing = _differing(files, content)
    for path in differing:
        files.write(path, content[path])
        log.info("file_written", path=path, size_bytes=len(content[path]))
    for path in _differing(files, content):
        raise VerificationError(path)
    log.info("files_verified", count=len(content))
    return differing
