# SPDX-License-Identifier: EUPL-1.2
"""A package and its chunks are taken apart as they were put together, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import package, transfer
from wire.errors import WireError

ID = "ab" * 32


@given(files=st.binary(max_size=300), signature=st.binary(min_size=64, max_size=64))
def test_a_package_is_its_manifest_its_signature_and_its_files(files, signature):
    joined = package.join(b'{"ver":1}', signature, files)
    assert package.split(joined) == (b'{"ver":1}', signature, files)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"{}", b"{}\n" + b"a" * 127 + b"\n", b"{}\n" + b"a" * 129, b"x" * 20000],
)
def test_what_does_not_begin_like_a_package_is_refused(content):
    with pytest.raises(WireError, match="does not begin with a manifest"):
        package.split(content)


def test_a_signature_of_other_letters_is_refused():
    with pytest.raises(WireError, match="not 128 hexadecimal digits"):
        package.split(b"{}\n" + b"g" * 128 + b"\nfiles")


def test_releases_compare_by_number_not_by_letter():
    assert package.release("0.10.0") > package.release("0.9.12")


@given(offset=st.integers(0, package.MAX_BYTES - 1), content=st.binary(min_size=1, max_size=1024))
def test_a_chunk_tells_whose_it_is_and_from_where(offset, content):
    chunk = transfer.encode_chunk(ID, offset, content)
    assert transfer.decode_chunk(chunk) == (ID, offset, content)


@pytest.mark.parametrize("size", [0, 36, 36 + 1025])
def test_a_chunk_without_content_or_over_the_limit_is_refused(size):
    with pytest.raises(WireError, match="too short or too long"):
        transfer.decode_chunk(b"x" * size)
