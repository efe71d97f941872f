# SPDX-License-Identifier: EUPL-1.2
"""Entity tags: what a client has already isn't sent again, and nobody is told of another's."""

import httpx
import pytest

from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import Caller, CloudInTest, a_finding, a_premises

PATH = "/premises/p-one"


async def _asked(caller: Caller, condition: str | None = None) -> httpx.Response:
    headers = {} if condition is None else {"If-None-Match": condition}
    return await caller.ask("GET", PATH, headers=headers)


async def test_an_answer_that_the_client_has_is_not_sent_again(cloud: CloudInTest) -> None:
    first = await _asked(cloud.operator)
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "Authorization, Cookie, Accept-Encoding"
    tag = first.headers["etag"]
    again = await _asked(cloud.operator, tag)
    assert (again.status_code, again.content) == (304, b"")
    assert (again.headers["etag"], again.headers["cache-control"]) == (tag, "private, no-cache")
    assert "content-length" not in again.headers


@pytest.mark.parametrize("condition", ["*", "W/{tag}", '"other", {tag}', '"other",W/{tag}'])
async def test_a_condition_may_be_any_weak_or_a_list(cloud: CloudInTest, condition: str) -> None:
    tag = (await _asked(cloud.operator)).headers["etag"]
    assert (await _asked(cloud.operator, condition.format(tag=tag))).status_code == 304


async def test_what_has_changed_is_sent_with_another_tag(cloud: CloudInTest) -> None:
    tag = (await _asked(cloud.operator)).headers["etag"]
    await cloud.gateway.send(a_finding())
    changed = await _asked(cloud.operator, tag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_tag_opens_no_door(cloud: CloudInTest) -> None:
    tag = (await _asked(cloud.operator)).headers["etag"]
    owner_of_two = await cloud.caller(Role.OWNER, "p-two")
    assert (await _asked(owner_of_two, tag)).status_code == 404
    assert (await _asked(cloud.nobody, "*")).status_code == 401


async def test_refusals_carry_no_tag(cloud: CloudInTest) -> None:
    refused = await cloud.operator.ask("GET", "/premises/p-none")
    assert refused.status_code == 404
    assert "etag" not in refused.headers


async def test_a_write_on_condition_of_a_tag_is_refused_and_writes_nothing(
    cloud: CloudInTest,
) -> None:
    refused = await cloud.operator.ask(
        "PUT", "/premises/p-new", json=a_premises(), headers={"If-Match": '"any"'}
    )
    assert refused.status_code == 412
    assert refused.headers["content-type"] == "application/problem+json"
    assert (await cloud.operator.ask("GET", "/premises/p-new")).status_code == 404
