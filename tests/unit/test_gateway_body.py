# SPDX-License-Identifier: EUPL-1.2
"""The body of a batch, as it is posted."""

import json

import zstandard

from edge_gateway.forwarder.body import batch_body
from edge_gateway.store.entries import Entry
from tests.gateway_builders import NOON_S, a_loss, a_telegram
from wire import block


def a_waiting(number, kind, body):
    return Entry(
        number=number,
        kind=kind,
        received_at_ms=NOON_S * 1000 + 250,
        read_at_s=NOON_S,
        quality=0,
        body=json.loads(body),
    )


def unpacked_body(body, headers):
    assert headers["Content-Encoding"] == "zstd"
    return json.loads(zstandard.decompress(body))


def test_telegrams_travel_in_blocks_and_all_else_as_entries():
    messages = [
        a_waiting(n, "telegram", a_telegram(n, litres=n, obis=obis).decode())
        for n, obis in enumerate(["8-0:1.0.0", "9-0:1.0.0"] * 50, start=1)
    ]
    loss = a_waiting(101, "event", a_loss(101, of_boot=1, first=1, last=2).decode())
    finding = a_waiting(102, "finding", "{}")
    request = unpacked_body(*batch_body("gw", "store", [*messages, loss, finding]))
    assert [entry["n"] for entry in request["entries"]] == [101, 102]
    cold, hot = request["blocks"]
    assert (cold["n"], hot["n"]) == (list(range(1, 101, 2)), list(range(2, 101, 2)))
    assert cold["reg"] == [[n * 1000 for n in range(1, 101, 2)]]
    assert {key: len(cold[key]) for key in block.COLUMNS} == dict.fromkeys(block.COLUMNS, 50)


def test_what_an_earlier_release_took_for_a_telegram_is_left_to_the_cloud_to_judge():
    odd = a_waiting(1, "telegram", '{"ver": 1, "id": "n-1"}')
    body, headers = batch_body("gw", "store", [odd])
    request = json.loads(body)
    assert "Content-Encoding" not in headers
    assert request["blocks"] == []
    assert request["entries"] == [odd.as_wire()]


def test_a_block_is_a_third_of_its_entries():
    messages = [a_waiting(n, "telegram", a_telegram(n, litres=n).decode()) for n in range(1, 500)]
    request = unpacked_body(*batch_body("gw", "store", messages))
    entries = [one for packed in request["blocks"] for one in block.unpacked(packed)]
    assert entries == [one.as_wire() for one in messages]
    assert len(json.dumps(request["blocks"])) < len(json.dumps(entries)) / 3
