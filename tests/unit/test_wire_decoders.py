# SPDX-License-Identifier: EUPL-1.2
"""Whatever arrives, a decoder of the wire understands it or says why not."""

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from wire import (
    acknowledgement,
    command,
    event,
    package,
    reading_types,
    status,
    telegram,
    topics,
    transfer,
)
from wire.errors import WireError

SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70)
ANYTHING = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4)
    ),
    max_leaves=8,
)
CODES = st.sampled_from([kind.on_channel(n) for kind in reading_types.ALL for n in (0, 7, 64)])
GOOD = {  # by field: what may stand there
    "id": st.text("abcxyz019-", min_size=1, max_size=32),
    "boot": st.integers(0, 2**31 - 1),
    "seq": st.integers(1, 2**31 - 1),
    "t": st.integers(0, 4102444800),
    "tq": st.integers(0, 2),
    "reg": st.dictionaries(CODES, st.integers(0, 2**53 - 1), min_size=1, max_size=16),
    "event": st.sampled_from(event.KINDS),
    "detail": st.dictionaries(
        st.text("abc_ ~", max_size=64),
        st.integers(-(2**53) + 1, 2**53 - 1) | st.text("aZ \\~", max_size=64),
        max_size=16,
    ),
    "state": st.sampled_from([status.ONLINE, status.OFFLINE]),
    "up_ms": st.integers(0, 2**53 - 1),
    "held": st.tuples(st.integers(0, 9), st.integers(1, 9)).map(list),
    "echo_up_ms": st.integers(0, 2**53 - 1),
    "now_ms": st.integers(0, 4102444800000),
    "expires_s": st.integers(0, 4102444800),
    "settings": st.fixed_dictionaries({"sample_interval_s": st.integers(1, 86400)}),
    "package": st.text("0123456789abcdef", min_size=64, max_size=64),
    "size": st.integers(1, package.MAX_BYTES),
    "firmware": st.tuples(*[st.integers(0, 999999)] * 3).map("%d.%d.%d".__mod__),
    "offset": st.integers(0, package.MAX_BYTES - 1),
}
SHAPES = {
    "telegram": ("id", "boot", "seq", "t", "tq", "reg"),
    "event": ("id", "boot", "seq", "t", "tq", "event", "detail"),
    "status": ("id", "boot", "state", "up_ms", "held"),
    "acknowledgement": ("boot", "seq"),
    "time": ("echo_up_ms", "now_ms"),
    "settings": ("id", "expires_s", "settings"),
    "update": ("id", "expires_s", "package", "size", "firmware"),
    "fetch": ("package", "offset"),
}
SHAPE = st.sampled_from(sorted(SHAPES))


def recoded(name, payload):
    """Decode ``payload`` as a message of this name and encode it again."""
    if name == "telegram":
        return telegram.encode(telegram.decode(payload))
    if name == "event":
        return event.encode(event.decode(payload))
    if name == "status":
        return status.encode(status.decode(payload))
    if name == "acknowledgement":
        return acknowledgement.encode(*acknowledgement.decode(payload))
    if name == "fetch":
        return transfer.encode_fetch(*transfer.decode_fetch(payload))
    message = command.decode(payload)
    if message["command"] == command.TIME:
        return command.encode_time(message["echo_up_ms"], message["now_ms"])
    if message["command"] == command.UPDATE:
        return command.encode_update(*[message[field] for field in SHAPES["update"]])
    return command.encode_settings(message["id"], message["expires_s"], message["settings"])


def drawn(data, name):
    message = {field: data.draw(GOOD[field], label=field) for field in SHAPES[name]}
    kind = {"command": name} if name in command.KINDS else {}
    return {"ver": 1, **kind, **message}


@given(data=st.data(), name=SHAPE)
def test_a_good_message_means_the_same_after_a_round_trip(data, name):
    message = drawn(data, name)
    once = recoded(name, json.dumps(message).encode())
    assert json.loads(once) == message
    assert recoded(name, once) == once


@given(data=st.data(), name=SHAPE)
def test_a_message_with_anything_in_one_place_is_understood_or_refused(data, name):
    message = drawn(data, name)
    field = data.draw(st.sampled_from(sorted(message)) | st.text(max_size=5), label="place")
    message[field] = data.draw(ANYTHING, label="content")
    refuses_only_with_a_wire_error(name, json.dumps(message).encode())


@given(name=SHAPE, payload=st.binary(max_size=100) | ANYTHING.map(lambda j: json.dumps(j).encode()))
def test_any_bytes_are_understood_or_refused(name, payload):
    refuses_only_with_a_wire_error(name, payload)


@given(st.text() | st.from_regex(r"[0-9]{1,2}-[0-9]{0,3}:[0-9.]{0,9}"))
def test_any_name_is_understood_or_refused(text):
    for parse in (topics.parse, reading_types.parse, reading_types.named):
        with suppress(WireError):
            parse(text)


def refuses_only_with_a_wire_error(name, payload):
    try:
        once = recoded(name, payload)
    except WireError:
        return
    assert recoded(name, once) == once
