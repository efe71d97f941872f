# SPDX-License-Identifier: EUPL-1.2
"""What the cloud's log says, and what it never does."""

import json
import logging

import pytest
import structlog

from cloud.kit import log

pytestmark = pytest.mark.usefixtures("log_given_back")


def test_a_line_is_one_json_object_with_its_time_and_level(capsys):
    log.to_stderr("info", "json")
    structlog.get_logger().info("readings_stored", count=3, name="Вода")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["count"]) == ("readings_stored", "info", 3)
    assert line["name"] == "Вода"
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "secret",
    [
        "ivan.petrov@example.bg",
        "isk_Zm9vYmFyYmF6",
        "whsec_c2VjcmV0IG9mIGFuIGVuZHBvaW50",
        "Bearer abcdefghijklmnop",
        "postgresql://iskar:hunter2hunter2@db/iskar",
        "host=db password=hunter2hunter2 dbname=iskar",
    ],
)
def test_a_secret_in_a_sentence_is_blotted_out(form, secret, capsys):
    log.to_stderr("info", form)
    structlog.get_logger().warning(
        "refused", said=f"It was {secret}, said he.", deep=[{"a": secret}]
    )
    said = capsys.readouterr().err
    assert "It was" in said
    for word in ("petrov", "Zm9vYmFyYmF6", "c2VjcmV0", "abcdefghijklmnop", "hunter2"):
        assert word not in said


@pytest.mark.parametrize("name", ["password", "new_token", "client_secret", "email", "set_cookie"])
def test_what_is_named_as_a_secret_is_blotted_out(name, capsys):
    log.to_stderr("info", "json")
    structlog.get_logger().info("told", **{name: "x1y2z3", "more": {name: "x1y2z3"}})
    said = capsys.readouterr().err
    assert "x1y2z3" not in said
    assert said.count(log.HIDDEN) == 2


def test_a_count_of_tokens_is_no_secret(capsys):
    log.to_stderr("info", "json")
    structlog.get_logger().info("tokens_ended", tokens=3, utility="water")
    assert json.loads(capsys.readouterr().err)["tokens"] == 3


def test_a_trace_is_in_the_line_without_the_secret_that_it_quotes(capsys):
    log.to_stderr("info", "json")
    try:
        raise ValueError("no such user: ivan@example.bg")
    except ValueError as error:
        structlog.get_logger().error("request_failed", exc_info=error)
    line = json.loads(capsys.readouterr().err)
    assert "Traceback" in line["exception"]
    assert "ivan" not in line["exception"]


def test_what_a_library_warns_of_is_a_line_of_the_same_log(capsys):
    log.to_stderr("info", "json")
    logging.getLogger("some.library").warning("mail to %s bounced", "ivan@example.bg")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["library"]) == ("library_said", "some.library")
    assert line["said"] == f"mail to {log.HIDDEN} bounced"


def test_below_the_level_nothing_is_said(capsys):
    log.to_stderr("warning", "json")
    structlog.get_logger().info("readings_stored", count=3)
    assert capsys.readouterr().err == ""
