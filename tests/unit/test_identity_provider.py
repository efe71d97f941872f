# SPDX-License-Identifier: EUPL-1.2
"""What is believed of an identity provider, and where a browser is sent."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from joserfc import jwk
from pydantic import ValidationError

from cloud.accounts import identity_provider
from cloud.accounts.id_tokens import IdentityRefusedError, identity_in
from cloud.accounts.organisation_endpoints import own_page
from cloud.kit.auth.organisations import Organisation
from cloud.kit.settings import CloudSettings
from tests.fakes.identity_provider import (
    CLIENT_ID,
    IdentityProvider,
    an_identity_provider,
    an_organisation,
)
from tests.integration.cloud.builders import NOON, FakeClock


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with an_identity_provider(NOON.timestamp) as running:
        yield running


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\r\nSet-Cookie: a=b",
        "/\t/evil.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_nobody_is_led_elsewhere_after_signing_in(elsewhere: str) -> None:
    with pytest.raises(ValueError, match="only a path on this server"):
        own_page(elsewhere)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_description_that_does_not_fit_is_not_believed(
    metadata: dict[str, Any], provider: IdentityProvider
) -> None:
    provider.metadata = metadata
    water = an_organisation(provider)
    with pytest.raises(identity_provider.IdentityProviderUnavailableError):
        await identity_provider.IdentityProvider(water, FakeClock()).authorization_url(
            "http://cloud/", "s", "n", "v" * 43
        )


async def test_a_second_factor_can_be_demanded_of_the_provider(provider: IdentityProvider) -> None:
    strict = an_organisation(provider).model_copy(
        update={"required_amr": ("mfa",), "required_acr": ("silver", "gold")}
    )

    def read(**claims: Any) -> str:
        told = {"iss": provider.issuer, "aud": CLIENT_ID, "nonce": "n", **provider.person, **claims}
        times = {"iat": int(NOON.timestamp()), "exp": int(NOON.timestamp()) + 60}
        keys = jwk.KeySet([provider.key])
        return identity_in(
            provider.signed({**told, **times}),
            keys,
            strict,
            nonce="n",
            access_token=None,
            now=NOON,
        ).email

    assert read(amr=["pwd", "mfa"], acr="gold") == "iva@water.example"
    for weak in (
        {},
        {"amr": ["mfa"]},
        {"acr": "gold"},
        {"amr": ["pwd"], "acr": "gold"},
        {"amr": ["pwd", "mfa"], "acr": ["gold"]},
    ):
        with pytest.raises(IdentityRefusedError, match="second factor"):
            read(**weak)


GOOD = {
    "organisation_id": "water",
    "name": "Water works",
    "issuer": "https://id.water.example",
    "client_id": "iskar",
    "client_secret": "s",
    "email_domains": ["water.example"],
    "role": "utility",
    "supplier_id": "water-works",
}


def test_an_organisation_is_set_up_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_OIDC", json.dumps([GOOD]))
    monkeypatch.setenv("CLOUD_PUBLIC_URL", "https://iskar.example")
    [water] = CloudSettings().oidc
    assert water.client_secret.get_secret_value() == "s"


def test_organisations_need_an_address_to_come_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_OIDC", json.dumps([GOOD]))
    for url in ("", "http://iskar.example"):
        monkeypatch.setenv("CLOUD_PUBLIC_URL", url)
        with pytest.raises(ValidationError, match="CLOUD_PUBLIC_URL"):
            CloudSettings()


def test_two_organisations_do_not_share_an_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_PUBLIC_URL", "https://iskar.example")
    other = {**GOOD, "organisation_id": "gas", "client_id": "gas", "email_domains": ["gas.example"]}
    monkeypatch.setenv("CLOUD_OIDC", json.dumps([GOOD, {**other, "issuer": "https://id.gas.eu"}]))
    assert len(CloudSettings().oidc) == 2
    monkeypatch.setenv("CLOUD_OIDC", json.dumps([GOOD, other]))
    with pytest.raises(ValidationError, match="issuer of its own"):
        CloudSettings()


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "http://id.water.example"},
        {"issuer": "https://user@id.water.example"},
        {"issuer": "https://id.water.example/?a=b"},
        {"email_domains": []},
        {"email_domains": ["@water.example"]},
        {"email_domains": ["example"]},
        {"role": "owner"},
        {"role": "gateway"},
        {"role": "operator"},  # which works for no utility
        {"supplier_id": None},
        {"secret": "misspelt"},
    ],
)
def test_a_setting_that_opens_more_than_it_should_is_refused(change: dict[str, Any]) -> None:
    Organisation.model_validate(GOOD)
    with pytest.raises(ValidationError):
        Organisation.model_validate({**GOOD, **change})
