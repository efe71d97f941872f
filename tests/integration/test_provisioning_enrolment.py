# SPDX-License-Identifier: EUPL-1.2
"""Enrolment against a CA that signs and MicroPython that keeps, interrupted at every step."""

import json
import subprocess
from pathlib import Path

import pytest

from provisioning.cloud import Cloud
from provisioning.enrolment import CA, CERTIFICATE, KEY, SETTINGS
from provisioning.errors import (
    CloudRefusedError,
    CloudUnreachableError,
    FieldError,
    NodeNotAnsweringError,
    NodeStorageError,
    NodeTakenError,
    PortError,
    VerificationError,
)
from provisioning.node import DirectoryNode, SerialNode, serial_node
from tests.fakes.desk import Desk
from tests.fakes.field_cloud import TOKEN, FakeFieldCloud
from tests.fakes.pty_board import MICROPYTHON, PtyBoard
from tests.field_builders import a_node, plan_rows

NODE_ID = "n-mladost-01"
FILES = (CA, KEY, CERTIFICATE, SETTINGS)


@pytest.fixture
def cloud():
    with FakeFieldCloud() as cloud:
        cloud.gateways["gw-mladost"] = {}
        yield cloud


@pytest.fixture
def board(tmp_path):
    with PtyBoard(tmp_path / "board") as board:
        yield board


@pytest.fixture
def desk(tmp_path, cloud):
    return Desk(tmp_path, cloud)


class DyingNode(DirectoryNode):
    """Its power goes at the n-th write, which is left torn."""

    def __init__(self, directory: Path, dies_at_write: int) -> None:
        super().__init__(directory)
        self._writes_left = dies_at_write

    def write(self, path: str, content: bytes) -> None:
        self._writes_left -= 1
        if self._writes_left == 0:
            super().write(path, content[: len(content) // 2])
            raise NodeNotAnsweringError("/dev/ttyACM0", "it was unplugged")
        super().write(path, content)


class WornNode(DirectoryNode):
    """Its flash forgets the last byte of every file."""

    def write(self, path: str, content: bytes) -> None:
        super().write(path, content[:-1])


def holds_everything(flash: Path) -> bool:
    return all((flash / path).exists() for path in FILES)


def test_a_node_on_a_cable_gets_its_files_and_is_restarted(desk, board, cloud):
    with serial_node(board.port) as node:
        enrolled = desk.enrol(node)
    assert enrolled.written == FILES
    assert json.loads((board.flash / SETTINGS).read_text())["node_id"] == NODE_ID
    assert cloud.nodes[NODE_ID]["gateway_id"] == "gw-mladost"
    assert cloud.installations["sp-cold"] == {
        "meter_id": "m-cold",
        "node_id": NODE_ID,
        "obis": "8-0:1.0.0",
        "installed_at": "2026-11-21T09:00:00+02:00",
    }
    assert board.restarted_within(5)


def test_micropython_itself_accepts_the_key_and_the_certificates(desk, board):
    with serial_node(board.port) as node:
        desk.enrol(node)
    program = (
        "import tls\n"
        "context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)\n"
        "read = lambda path: open(path, 'rb').read()\n"
        f"context.load_verify_locations(read('{CA}'))\n"
        f"context.load_cert_chain(read('{CERTIFICATE}'), read('{KEY}'))\n"
        "print('accepted')\n"
    )
    ran = subprocess.run(
        [MICROPYTHON, "-c", program], cwd=board.flash, capture_output=True, text=True, check=False
    )
    assert ran.stdout.strip() == "accepted", ran.stderr


def test_a_second_run_changes_nothing(desk, board, cloud):
    with serial_node(board.port) as node:
        desk.enrol(node)
    before = {path: (board.flash / path).stat().st_mtime_ns for path in FILES}
    with serial_node(board.port) as node:
        assert desk.enrol(node).written == ()
    assert {path: (board.flash / path).stat().st_mtime_ns for path in FILES} == before
    assert len(cloud.certificates) == 1


def test_a_changed_plan_rewrites_the_settings_alone(desk, tmp_path, cloud):
    node = DirectoryNode(tmp_path / "flash")
    desk.enrol(node)
    desk.rows = plan_rows(a_node(sample_interval_s=60))
    cloud.highest_boot[NODE_ID] = 17
    assert desk.enrol(node).written == (SETTINGS,)
    assert json.loads((tmp_path / "flash" / SETTINGS).read_text())["first_boot"] == 1


def test_a_fresh_board_of_a_known_node_counts_its_boots_on(desk, tmp_path, cloud):
    desk.enrol(DirectoryNode(tmp_path / "old"))
    cloud.highest_boot[NODE_ID] = 17
    desk.enrol(DirectoryNode(tmp_path / "new"))
    assert json.loads((tmp_path / "new" / SETTINGS).read_text())["first_boot"] == 18
    assert len(cloud.certificates) == 1


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_lost_answer_of_the_cloud_leaves_no_orphan_certificate(desk, tmp_path, cloud, lost):
    cloud.loses_answer_number = lost
    node = DirectoryNode(tmp_path / "flash")
    with pytest.raises(CloudUnreachableError, match="run this again"):
        desk.enrol(node)
    desk.enrol(node)
    assert holds_everything(tmp_path / "flash")
    assert len(cloud.certificates) == 1


@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_a_node_unplugged_at_any_write_is_finished_by_the_next_run(desk, tmp_path, cloud, write):
    flash = tmp_path / "flash"
    with pytest.raises(NodeNotAnsweringError):
        desk.enrol(DyingNode(flash, dies_at_write=write))
    desk.enrol(DirectoryNode(flash))
    untroubled = tmp_path / "untroubled"
    desk.enrol(DirectoryNode(untroubled))
    assert [(flash / path).read_bytes() for path in FILES] == [
        (untroubled / path).read_bytes() for path in FILES
    ]
    assert len(cloud.certificates) == 1


def test_a_wrong_token_is_refused_with_what_to_do(desk, tmp_path):
    with pytest.raises(CloudRefusedError, match=r"not known\. Ask the operator for a new token"):
        desk.enrol(DirectoryNode(tmp_path), token="stale")


def test_an_unknown_gateway_is_refused_with_what_to_do(desk, tmp_path, cloud):
    cloud.gateways.clear()
    with pytest.raises(CloudRefusedError, match=r"no gateway gw-mladost\. .*enrol-gateway"):
        desk.enrol(DirectoryNode(tmp_path))


def test_a_cloud_that_is_not_there_is_named():
    with (
        Cloud("http://127.0.0.1:9", TOKEN) as registry,
        pytest.raises(CloudUnreachableError, match=r"127\.0\.0\.1:9 can't be reached"),
    ):
        registry.register_gateway("gw-1", "sofia", "One")


def test_a_token_is_never_sent_in_clear_over_a_network():
    with pytest.raises(FieldError, match="use https"):
        Cloud("http://cloud.example", TOKEN)


def test_a_missing_port_is_named_with_those_there_are():
    with (
        pytest.raises(PortError, match=r"no port /dev/ttyNOWHERE\. Plug the node in"),
        serial_node("/dev/ttyNOWHERE"),
    ):
        pass


def test_a_port_that_is_no_port_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(PortError, match="can't be opened"),
        serial_node(str(tmp_path / "file")),
    ):
        pass


def test_a_silent_board_is_given_up_within_thirty_seconds(board, monkeypatch):
    monkeypatch.setattr("provisioning.node._ANSWER_S", 1)
    board.hang()
    with (
        pytest.raises(NodeNotAnsweringError, match="press the node's reset"),
        serial_node(board.port),
    ):
        pass


def test_a_board_that_falls_silent_midway_is_reported_as_such(desk, board, monkeypatch):
    monkeypatch.setattr("provisioning.node._ANSWER_S", 1)

    def enrol_and_hang_meanwhile():
        with serial_node(board.port) as node:
            board.hang()
            desk.enrol(node)

    with pytest.raises(NodeNotAnsweringError):
        enrol_and_hang_meanwhile()


def test_a_full_flash_is_reported_with_the_file(board):
    with (
        pytest.raises(NodeStorageError, match=r"could not keep no/such/folder/file"),
        serial_node(board.port) as node,
    ):
        node.write("no/such/folder/file", b"x")


def test_a_worn_flash_is_noticed_by_reading_back(desk, tmp_path):
    with pytest.raises(VerificationError, match=r"pki/ca\.der reads back differently"):
        desk.enrol(WornNode(tmp_path))


def test_another_node_is_not_overwritten_unless_asked_to(desk, board):
    (board.flash / SETTINGS).write_text('{"node_id": "n-other"}')
    with pytest.raises(NodeTakenError, match="n-other already"), serial_node(board.port) as node:
        desk.enrol(node)
    with serial_node(board.port) as node:
        assert desk.enrol(node, replace=True).written == FILES


def test_a_node_is_restarted_after_a_fault_too(desk, board, cloud):
    cloud.gateways.clear()
    with pytest.raises(CloudRefusedError), serial_node(board.port) as node:
        desk.enrol(node)
    assert board.restarted_within(5)


def test_the_board_hashes_what_it_holds(board):
    (board.flash / "three").write_bytes(b"abc")
    with serial_node(board.port) as node:
        assert isinstance(node, SerialNode)
        # FIPS 180-2, appendix B.1
        assert node.sha256("three").hex().startswith("ba7816bf8f01cfea414140de5dae2223")
        assert node.sha256("nothing") is None
        assert node.read("three") == b"abc"
        assert node.read("nothing") is None
