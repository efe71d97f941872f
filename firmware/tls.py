# SPDX-License-Identifier: EUPL-1.2
"""TLS with the node's own certificate, against the installation's own CA. All files are DER."""

import ssl

from wire import fields

_CA = "pki/ca.der"
_CERTIFICATE = "pki/node.crt.der"
_KEY = "pki/node.key.der"
_UTC_TIME = b"\x17\x0d"  # DER tag and length of YYMMDDhhmmssZ (X.690, 8.25 and 11.8)
_UNIX_2000_S = 946684800  # where an ESP32's RTC begins
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def context(flash):
    """Return a context that knows the broker by our CA and shows the broker who we are."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(cadata=_read(flash, _CA))
    made.load_cert_chain(_read(flash, _CERTIFICATE), _read(flash, _KEY))
    return made


def set_rtc_for_tls(board):
    """Move an RTC that stands outside our certificate's life to its first day.

    mbedTLS refuses certificates that are not valid yet or any more, and the time comes through TLS:
    a wrong RTC would lock the node out for ever. Telegrams are not dated by the RTC.
    """
    first_s, last_s = validity_s(_read(board.flash, _CERTIFICATE))
    if not first_s <= board.rtc_s() <= last_s:
        board.set_rtc(max(first_s, _UNIX_2000_S))


def validity_s(certificate):
    """Return a certificate's notBefore and notAfter as Unix times; a wide life if it says none."""
    at = certificate.find(_UTC_TIME)
    while at >= 0:
        first_s = _utc_time_s(certificate[at : at + 15])
        if first_s is not None:
            last_s = _utc_time_s(certificate[at + 15 : at + 30])
            return first_s, fields.MAX_UNIX_S if last_s is None else last_s
        at = certificate.find(_UTC_TIME, at + 1)
    return 0, fields.MAX_UNIX_S


def _utc_time_s(encoded):
    """Return a DER UTCTime as Unix time, None if it is none or lies before 1970."""
    text = encoded[2:]
    if encoded[:2] != _UTC_TIME or text[12:] != b"Z" or not text[:12].isdigit():
        return None
    year, month, day, hour, minute, second = [int(text[i : i + 2]) for i in range(0, 12, 2)]
    year += 30 if year < 50 else -70  # since 1970; RFC 5280, 4.1.2.5.1: 50 to 99 are of the 1900s
    if year < 0 or not 1 <= month <= 12:
        return None
    days = year * 365 + (year + 1) // 4 + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    if month > 2 and year % 4 == 2:
        days += 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def _read(flash, name):
    with flash.open(name, "rb") as file:
        return file.read()
