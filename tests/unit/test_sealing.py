# SPDX-License-Identifier: EUPL-1.2
"""What is sealed comes back whole, or not at all."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.operation import sealing
from cloud.operation.archive import ArchiveError, ArchiveWriter, members
from cloud.operation.sealing import MAGIC, PIECE_BYTES, TAG_BYTES, Sealer, SealError, Unsealer

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setitem(sealing.COST, "n", 2)


def sealed(content: bytes, passphrase: str | None = PASSPHRASE) -> bytes:
    output = io.BytesIO()
    sealer = Sealer(output, passphrase)
    sealer.write(content)
    sealer.close()
    return output.getvalue()


def unsealed(content: bytes, passphrase: str | None = PASSPHRASE) -> bytes:
    return Unsealer(io.BytesIO(content), passphrase).read()


@pytest.mark.parametrize(
    "size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES]
)
@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
def test_what_was_sealed_comes_back(size, passphrase):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert unsealed(sealed(content, passphrase), passphrase) == content


def test_nothing_of_it_can_be_read_without_the_passphrase():
    assert b"the key of the authority" not in sealed(b"the key of the authority" * 100)
    with pytest.raises(SealError, match="passphrase is wrong"):
        unsealed(sealed(b"secret"), "another horse battery staple")
    with pytest.raises(SealError, match="is encrypted"):
        unsealed(sealed(b"secret"), None)


def test_a_short_passphrase_is_refused():
    with pytest.raises(SealError, match="at least 16"):
        sealed(b"", "hunter2")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_byte_is_noticed(data):
    whole = bytearray(sealed(b"x" * (PIECE_BYTES + 100)))
    at = data.draw(st.integers(len(MAGIC), len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealError):
        unsealed(bytes(whole))


def test_pieces_cut_off_swapped_or_doubled_are_noticed():
    whole = sealed(b"x" * (3 * PIECE_BYTES))
    head = len(whole) - 3 * (PIECE_BYTES + TAG_BYTES)
    pieces = [
        whole[start : start + PIECE_BYTES + TAG_BYTES]
        for start in range(head, len(whole), PIECE_BYTES + TAG_BYTES)
    ]
    one, two, three = pieces
    for wrong in ([one, two], [one], [two, one, three], [one, one, two, three], [one, three]):
        cut = Unsealer(io.BytesIO(whole[:head] + b"".join(wrong)), PASSPHRASE)
        with pytest.raises(SealError):
            cut.read()
    nothing = Unsealer(io.BytesIO(whole[:head]), PASSPHRASE)
    with pytest.raises(ArchiveError, match=r"damaged|incomplete"):
        list(members(nothing))


def test_a_strangers_file_may_not_make_us_work_for_hours():
    head = {"cipher": "chacha20poly1305", "salt": "00", "n": 2**40, "r": 8, "p": 1}
    with pytest.raises(SealError, match="more work"):
        unsealed(MAGIC + json.dumps(head).encode() + b"\n" + b"x" * 100)


@pytest.mark.parametrize("content", [b"", b"PGDMP", MAGIC, MAGIC + b"[]\n", MAGIC + b"{}\n"])
def test_another_file_is_no_backup(content):
    with pytest.raises(SealError, match="no backup"):
        unsealed(content, None)


def archived(*held: tuple[str, bytes]) -> bytes:
    output = io.BytesIO()
    sealer = Sealer(output, None)
    writer = ArchiveWriter(sealer)
    for name, content in held:
        writer.add(name, content)
    writer.close()
    sealer.close()
    return output.getvalue()


def read(content: bytes) -> dict[str, bytes]:
    return dict(members(Unsealer(io.BytesIO(content), None)))


def test_an_archive_gives_back_its_members():
    held = {"about.json": b"{}", "files/ca/ca.key": b"k" * 2000}
    assert read(archived(*held.items())) == held


def test_a_changed_member_is_noticed_by_its_sum_without_a_seal():
    whole = archived(("files/ca/ca.key", b"k" * 2000))
    with pytest.raises(ArchiveError, match=r"damaged: files/ca/ca\.key"):
        read(whole.replace(b"kkkk", b"kkkx", 1))


def test_an_archive_that_ends_early_is_not_complete():
    whole = archived(("files/a", b"a" * 2000), ("files/b", b"b" * 2000))
    for cut in (600, 1600, 3000, 5000):
        with pytest.raises(ArchiveError, match=r"incomplete|damaged"):
            read(whole[:cut])


@pytest.mark.parametrize("name", ["/etc/passwd", "files/../../x", "files//x", "../x", "files/./x"])
def test_a_member_that_leads_elsewhere_is_refused(name):
    with pytest.raises(ArchiveError, match="none of ours"):
        read(archived((name, b"x")))
