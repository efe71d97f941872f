// SPDX-License-Identifier: EUPL-1.2
/** What was and is expected of a building, laid onto the slots of a chart, and how right it was. */

import { dayOf } from "./calendar.js";
import { KNOWN } from "./usage.js";

const DIGITS = 2; // that mean something in a forecast

/** Amounts without a precision that no forecast has. */
export function rough({ low, mid, high }) {
  const [from, amount, to] = [low, mid, high].map((one) => Number(one.toPrecision(DIGITS)));
  return { low: from, amount, high: to };
}

/** A function (expected) => the same in the unit that `usage` is told in, or null where that can't be. */
export function converter(told, { unit, conversions = [], intervals = [] }) {
  if (told.unit === unit) return (expected) => expected;
  if (unit !== "Wh" || intervals.some(({ reason }) => reason)) return () => null; // a meter without a factor is in the forecast
  return (expected) => {
    const [first, last] = [dayOf(expected.start), dayOf(expected.end - 1)];
    const within = conversions.filter((one) => (one.first_day ?? "") <= last && first <= (one.last_day ?? "9999"));
    const factors = [...new Set(within.map((one) => one.kwh_per_metered_m3))];
    if (factors.length !== 1) return null; // nobody knows how much of it is by which
    const per = Number(factors[0]); // kWh/m³, which is Wh/l
    return { ...expected, low: expected.low * per, mid: expected.mid * per, high: expected.high * per };
  };
}

/** Give every slot that is foretold its `ahead`: {low, mid, high, hasBegun}; what has begun is told as it was expected before. */
export function lay(told, slots, convert, nowMs) {
  const byStart = new Map(told.intervals.map((one) => [one.start, one]));
  return slots.map((slot) => {
    const expected = byStart.get(slot.start);
    const found = expected?.end === slot.end ? convert(expected) : null;
    return found ? { ...slot, ahead: { low: found.low, mid: found.mid, high: found.high, hasBegun: slot.start <= nowMs } } : slot;
  });
}

/** How the forecast fared over the `n` slots that are over, measured and foretold; `within`: how many kept to their range. */
export function fared(slots, nowMs) {
  const over = slots.filter((slot) => slot.ahead?.hasBegun && slot.end <= nowMs && slot.state === KNOWN);
  const sum = (of) => over.reduce((so, slot) => so + of(slot), 0);
  return {
    n: over.length,
    expected: sum((slot) => slot.ahead.mid),
    used: sum((slot) => slot.usage),
    within: over.filter(({ usage, ahead }) => ahead.low <= usage && usage <= ahead.high).length,
  };
}
