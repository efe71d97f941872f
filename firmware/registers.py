# SPDX-License-Identifier: EUPL-1.2
"""Registers in the reading type's unit, from pulses and from Modbus words, in integers only.

A float on the ESP32 has 24 bits of fraction and would skip litres above 16,777,216.
"""

from wire import fields, reading_types


class RegisterError(ValueError):
    """Words that can't be a register of this reading type."""


def of_pulses(channel, pulses):
    """Return the register of a pulse channel after ``pulses``, rounded down."""
    numerator, denominator = channel.per_pulse
    return channel.start + pulses * numerator // denominator


def of_words(channel, words):
    """Return the register of a Modbus channel from its words; raise RegisterError if it can't."""
    numerator, denominator = _number(words, channel.type, channel.word_order)
    register = numerator * channel.scale[0] // (denominator * channel.scale[1])
    lowest = 0 if is_cumulative(channel) else -fields.MAX_REGISTER
    if not lowest <= register <= fields.MAX_REGISTER:
        raise RegisterError("%s reads %d, outside its range." % (channel.obis, register))
    return register


def is_cumulative(channel):
    """True when the channel's register only grows."""
    return reading_types.parse(channel.obis)[0].kind == reading_types.REGISTER


def word_count(type_name):
    """Return how many 16-bit words a number of this type fills."""
    return int(type_name[1:]) // 16


def _number(words, type_name, word_order):
    """Return (numerator, denominator) of the number in ``words``."""
    if len(words) != 2 * word_count(type_name):
        raise RegisterError("%d bytes are not a %s." % (len(words), type_name))
    if word_order == "little":
        words = b"".join([words[at : at + 2] for at in range(len(words) - 2, -1, -2)])
    number = int.from_bytes(words, "big")
    if number == _not_available(type_name):
        raise RegisterError("The meter has no such quantity: %x." % number)
    if type_name[0] == "f":
        return _float32(number)
    if type_name[0] == "i" and words[0] & 0x80:
        number -= 1 << 8 * len(words)
    return number, 1


def _not_available(type_name):
    """Return the bits by which meters say that they have no number; None for floats, NaN there.

    Source: SunSpec Information Model Specification, values of points not implemented.
    """
    if type_name[0] == "f":
        return None
    bits = int(type_name[1:])
    return (1 << bits) - 1 if type_name[0] == "u" else 1 << bits - 1


def _float32(bits):
    """Return an IEEE 754 binary32 as an exact fraction."""
    exponent = (bits >> 23) & 0xFF
    fraction = bits & 0x7FFFFF
    if exponent == 0xFF:
        raise RegisterError("The float %08x is not a number." % bits)
    if exponent:
        fraction |= 0x800000
    else:
        exponent = 1  # subnormal
    if bits >> 31:
        fraction = -fraction
    shift = exponent - 150  # bias 127 and 23 bits of fraction
    return (fraction << shift, 1) if shift >= 0 else (fraction, 1 << -shift)
