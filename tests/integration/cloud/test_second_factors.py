# SPDX-License-Identifier: EUPL-1.2
"""One-time codes and recovery codes: asked for, taken once, not to be guessed."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from cloud.accounts.attempts import MAX_CODE_FAILURES
from cloud.accounts.qr_code import drawn
from cloud.kit.auth.rights import STAFF, Role
from cloud.kit.database import run
from cloud.kit.settings import CloudSettings
from tests.integration.cloud.builders import CloudInTest
from tests.integration.cloud.people import EMAIL, STEP, Browser, a_browser, a_person, credentials

OPERATOR = "boss@example.bg"
CODE_NEEDED, WRONG_CODE = (401, "code-needed"), (401, "wrong-code")


@pytest.fixture
def settings(settings: CloudSettings) -> CloudSettings:
    return settings.model_copy(update={"require_second_factor_of": STAFF})


@pytest_asyncio.fixture
async def password(cloud: CloudInTest) -> str:
    return await a_person(cloud)


@pytest_asyncio.fixture
async def browser(cloud: CloudInTest) -> AsyncIterator[Browser]:
    async with a_browser(cloud) as opened:
        yield opened


async def test_who_has_codes_needs_one_to_sign_in_and_each_works_once(
    browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    app, _ = await browser.set_codes_up()
    assert (await browser.good("GET", "/account"))["codes"] is True
    await browser.good("DELETE", "/session")
    assert await browser.refusal("POST", "/session", credentials(password)) == CODE_NEEDED
    code = browser.code(app)
    await browser.sign_in(password, code)
    used = await browser.refusal("POST", "/session", credentials(password, code))
    assert used == WRONG_CODE


async def test_the_picture_for_an_app_is_of_the_address_with_the_secret(
    browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    told = await browser.good("POST", "/account/codes")
    side, path = drawn(told["address"])
    assert told["qr_code"] == {"side": side, "path": path}
    assert told["secret"] in told["address"]


async def test_a_code_of_half_a_minute_ago_is_taken_and_one_of_two_minutes_ago_is_not(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    app, _ = await browser.set_codes_up()
    cloud.clock.time += 4 * STEP
    old = credentials(password, browser.code(app, -4))
    assert await browser.refusal("POST", "/session", old) == WRONG_CODE
    await browser.sign_in(password, browser.code(app, -1))
    earlier = credentials(password, browser.code(app, -1))
    assert await browser.refusal("POST", "/session", earlier) == WRONG_CODE


async def test_a_code_does_not_help_with_a_wrong_password(browser: Browser, password: str) -> None:
    await browser.sign_in(password)
    app, _ = await browser.set_codes_up()
    guess = credentials("guess", browser.code(app))
    assert await browser.refusal("POST", "/session", guess) == (401, "wrong-password")


async def test_a_recovery_code_signs_in_once_however_it_is_typed(
    browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    _, recovery = await browser.set_codes_up()
    assert len(recovery) == 10
    typed = recovery[0].lower().replace("-", " ")
    await browser.sign_in(password, typed)
    assert (await browser.good("GET", "/account"))["recovery_codes"] == 9
    again = await browser.refusal("POST", "/session", credentials(password, recovery[0]))
    assert again == WRONG_CODE


async def test_guessing_codes_ends_after_thirty_tries_whatever_is_mailed(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    app, recovery = await browser.set_codes_up()
    tries = 0
    while tries < MAX_CODE_FAILURES:
        status, _ = await browser.refusal("POST", "/session/step-up", {"code": "000000"})
        tries += status == 401
        if status == 429:
            cloud.clock.time += timedelta(minutes=16)
    cloud.clock.time += timedelta(minutes=16)
    right = {"code": browser.code(app)}
    assert (await browser.refusal("POST", "/session/step-up", right))[0] == 429
    async with cloud.services.database.transaction(as_system=True) as connection:
        link = await cloud.services.links.make(connection, 1, timedelta(hours=1))
    new = {"link": link.rpartition("/")[2], "password": "зелен трамвай към Витоша"}
    await browser.good("POST", "/account/new-password", new)
    opened = credentials(new["password"], browser.code(app))
    assert (await browser.refusal("POST", "/session", opened))[0] == 429
    await browser.sign_in(new["password"], recovery[0])  # nobody guesses one of these
    await browser.sign_in(new["password"], browser.code(app))


async def test_who_runs_the_machine_lets_codes_be_tried_again(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    app, _ = await browser.set_codes_up()
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update users set code_failures = %(n)s", n=MAX_CODE_FAILURES)
    right = credentials(password, browser.code(app))
    assert (await browser.refusal("POST", "/session", right))[0] == 429
    await cloud.services.people.reset(EMAIL, forget_factors=False)
    await browser.sign_in(password, browser.code(app))


async def test_a_password_alone_adds_no_factor_beside_the_one_there_is(
    cloud: CloudInTest, browser: Browser
) -> None:
    password = await a_person(cloud, Role.OPERATOR)
    async with a_browser(cloud) as thief:
        await thief.sign_in(password)  # before there was a factor
        await browser.sign_in(password)
        app, _ = await browser.set_codes_up()
        for path in ("/account/passkeys/options", "/account/recovery-codes"):
            assert await thief.refusal("POST", path) == (403, "step-up-needed")
        assert await thief.refusal("DELETE", "/account/codes") == (403, "step-up-needed")
        await thief.good("POST", "/session/step-up", {"code": browser.code(app)})
        await thief.good("POST", "/account/recovery-codes")


async def test_staff_may_do_nothing_before_they_have_a_second_factor(
    cloud: CloudInTest, browser: Browser
) -> None:
    password = await a_person(cloud, Role.OPERATOR)
    assert (await browser.sign_in(password))["needs_second_factor"] is True
    for method, path in (
        ("GET", "/premises"),
        ("GET", "/telegrams"),
        ("PUT", "/suppliers/one"),
        ("GET", "/live"),
    ):
        assert await browser.refusal(method, path) == (403, "second-factor-needed")
    before = browser.token
    await browser.set_codes_up()
    assert browser.token != before
    assert (await browser.good("GET", "/session"))["needs_second_factor"] is False
    await browser.good("GET", "/premises")


async def test_the_session_of_staff_ends_within_a_day(cloud: CloudInTest, browser: Browser) -> None:
    await browser.sign_in(await a_person(cloud, Role.TECHNICIAN))
    await browser.set_codes_up()
    cloud.clock.time += timedelta(hours=24)
    assert await browser.refusal("GET", "/premises") == (401, "not-signed-in")


async def test_who_becomes_staff_shows_the_factor_they_have(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    app, _ = await browser.set_codes_up()
    await browser.sign_in(await a_person(cloud, Role.OPERATOR), browser.code(app))
    await browser.good("GET", "/premises")


async def test_with_a_second_factor_the_password_alone_is_no_step_up(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    app, recovery = await browser.set_codes_up()
    cloud.clock.time += timedelta(minutes=11)
    assert await browser.refusal("DELETE", "/account/codes") == (403, "step-up-needed")
    alone = await browser.refusal("POST", "/session/step-up", {"password": password})
    assert alone == CODE_NEEDED
    await browser.good("POST", "/session/step-up", {"code": browser.code(app)})
    new = (await browser.good("POST", "/account/recovery-codes"))["recovery_codes"]
    assert not set(new) & set(recovery)
    await browser.good("DELETE", "/account/codes")
    assert await browser.refusal("DELETE", "/account/codes") == (404, "not-found")


async def test_codes_in_use_can_not_be_replaced_without_removing_them(
    browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    await browser.set_codes_up()
    assert await browser.refusal("POST", "/account/codes") == (409, "codes-set-up")


async def test_the_codes_secret_is_not_readable_in_the_database(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    await browser.sign_in(password)
    app, recovery = await browser.set_codes_up()
    async with cloud.services.database.transaction(as_system=True) as connection:
        for table in ("users", "recovery_codes"):
            cursor = await connection.execute(f"select * from {table}".encode())  # noqa: S608
            kept = repr(await cursor.fetchall())
            for secret in (app.secret, recovery[0], recovery[0].replace("-", "")):
                assert secret not in kept


async def test_recovery_codes_end_with_the_last_factor(browser: Browser, password: str) -> None:
    await browser.sign_in(password)
    await browser.set_codes_up()
    await browser.good("DELETE", "/account/codes")
    assert (await browser.good("GET", "/account"))["recovery_codes"] == 0
