# SPDX-License-Identifier: EUPL-1.2
"""Rounding: exact fractions become money once, at the very end, half away from zero.

Source: the currency rule of Council Regulation (EC) 1103/97, article 5: a result that is exactly
half-way is rounded up.
"""

from decimal import Decimal
from fractions import Fraction

CENTS = 2
SHOWN = 4  # decimals of an interval's cost, a hundredth of a cent
QUANTITY = 3  # decimals of a quantity on a line


def rounded(exact: Fraction, places: int) -> Decimal:
    """Return ``exact`` with ``places`` decimals."""
    scale = 10**places
    doubled = 2 * abs(exact.numerator) * scale + exact.denominator
    whole = doubled // (2 * exact.denominator)
    digits = tuple(map(int, str(whole)))
    return Decimal((int(exact < 0), digits, -places))  # exact however long; scaleb is not


def cents(exact: Fraction) -> Decimal:
    """Return an amount of money to the cent."""
    return rounded(exact, CENTS)
