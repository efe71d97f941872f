# SPDX-License-Identifier: EUPL-1.2
"""TLS with the node's own certificate, against the installation's own CA. All files are DER."""

import ssl

_CA = "pki/ca.der"
_CERTIFICATE = "pki/node.crt.der"
_KEY = "pki/node.key.der"
_UTC_TIME = b"\x17\x0d"  # DER tag and length of YYMMDDhhmmssZ (X.690, 8.25 and 11.8)
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def context(flash):
    """Return a context that knows the broker by our CA and shows the broker who we are."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(cadata=_read(flash, _CA))
    made.load_cert_chain(_read(flash, _CERTIFICATE), _read(flash, _KEY))
    return made


def set_rtc_for_tls(board):
    """Move an RTC that stands before our certificate's first day up to it.

    mbedTLS refuses certificates that are not valid yet, and the time comes through TLS: an unset
    RTC would lock the node out for ever. Telegrams are not dated by the RTC.
    """
    issued_s = issued_at_s(_read(board.flash, _CERTIFICATE))
    if board.rtc_s() < issued_s:
        board.set_rtc(issued_s)


def issued_at_s(certificate):
    """Return a certificate's notBefore as Unix time; 0 when it does not say."""
    at = certificate.find(_UTC_TIME)
    while at >= 0:
        text = certificate[at + 2 : at + 15]
        if text[12:] == b"Z" and text[:12].isdigit():
            return _unix_s([int(text[i : i + 2]) for i in range(0, 12, 2)])
        at = certificate.find(_UTC_TIME, at + 1)
    return 0


def _unix_s(parts):
    year, month, day, hour, minute, second = parts  # UTCTime: years from 2000 on, for us
    days = 10957 + year * 365 + (year + 3) // 4 + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    if month > 2 and year % 4 == 0:
        days += 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def _read(flash, name):
    with flash.open(name, "rb") as file:
        return file.read()
