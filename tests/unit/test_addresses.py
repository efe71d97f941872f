# SPDX-License-Identifier: EUPL-1.2
"""Which addresses that others name are connected to: public ones, in whatever spelling."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.kit.addresses import Addresses, AddressRefusedError

REFUSED_ADDRESSES = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "192.88.99.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "fe80::1"),
    *("fe80::1%eth0", "2a00:1450::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1"),
    *("2001:db8::1", "3fff::1", "5f00::1", "100::1", "fd00:ec2::254"),
)
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "212.39.90.1",
    "2606:4700::1111",
    "2a00:1450:4017::1",
    "::ffff:8.8.8.8",
)


@pytest.mark.parametrize("address", REFUSED_ADDRESSES)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not Addresses().may_reach(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_reached(address: str) -> None:
    assert Addresses().may_reach(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "https://[::1]/", "https://[::ffff:169.254.169.254]/"),
        *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/"),
        *("https://0x7f.1/", "https://127.0.0.1./", "https://1.2.3.08/", "https://example.0x10/"),
        *("https://user@example.com/", "https://a:b@example.com/", "https://1.1.1.1@127.0.0.1/"),
        *("http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https:example.com"),
        *("https://example.com:22/", "https://example.com:25/", "https://example.com:99999/"),
        *("https://example.com\\@127.0.0.1/", "https://ex ample.com/", "https://exa\nmple.com/"),
        *("https:///x", "https://-a.example/", "https://a..example/", "https://１２７.0.0.1/"),
        *("https://[::1%25lo]/", "https://[fe80::1%25eth0]/", "https://[v1.x]/", ""),
        "https://example.com/" + "x" * 1000,
    ],
)
def test_a_url_that_is_no_plain_public_one_is_refused(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        Addresses().check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.com/hook?x=1", "https://example.com:8443/", "https://1.1.1.1/"),
        *("https://xn--80ak6aa92e.com/", "https://[2606:4700::1111]/x", "https://3com.com/"),
    ],
)
def test_a_plain_public_url_passes(url: str) -> None:
    Addresses().check_url(url)


def test_an_operator_may_allow_a_network_of_the_house_and_no_more() -> None:
    addresses = Addresses([ip_network("10.1.0.0/16")])
    addresses.check_url("http://10.1.2.3:8080/hook")
    assert addresses.may_reach(ip_address("::ffff:10.1.2.3"))
    for url in ("http://10.2.0.1/", "http://example.com/", "ftp://10.1.2.3/"):
        with pytest.raises(AddressRefusedError):
            addresses.check_url(url)


@given(st.integers(0, 2**32 - 1))
def test_an_address_inside_ipv6_is_never_reached_where_it_is_not_by_itself(number: int) -> None:
    addresses = Addresses()
    plain = addresses.may_reach(ip_address(number))
    assert addresses.may_reach(ip_address(f"::ffff:{ip_address(number)}")) == plain
    for hidden in (number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert not addresses.may_reach(ip_address(hidden.to_bytes(16, "big")))
