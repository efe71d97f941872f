// SPDX-License-Identifier: EUPL-1.2
/** What the API knows of use, laid onto the hours or months a chart has room for. */

export const KNOWN = "known";
export const ESTIMATED = "estimated";
export const MISSING = "missing"; // over, and nothing is known of it
export const RUNNING = "running"; // not over yet: what is known is so far
export const UNCONVERTED = "unconverted"; // known in m³, and no factor makes energy of it
export const PENDING = "pending"; // not over yet, and nothing is known so far

const NOT_PLAIN = ["estimated", "missing", "suspect"];

/** Give every slot its usage and its state; slots are matched by their start. */
export function fill(slots, intervals, nowMs) {
  const byStart = new Map(intervals.map((interval) => [Date.parse(interval.interval_start), interval]));
  return slots.map((slot) => {
    const interval = byStart.get(slot.start);
    const usage = interval?.usage ?? null;
    return { ...slot, usage, state: interval?.reason ? UNCONVERTED : stateOf(slot, usage, interval?.quality ?? [], nowMs) };
  });
}

function stateOf(slot, usage, quality, nowMs) {
  const isOver = slot.end <= nowMs;
  if (usage === null) return isOver ? MISSING : PENDING;
  // the API calls the rest of a running interval missing; to a person it is only not there yet
  const isPlain = !quality.some((name) => NOT_PLAIN.includes(name) && (isOver || name !== "missing"));
  if (isPlain && !isOver) return RUNNING;
  return isPlain ? KNOWN : ESTIMATED;
}

/** Totals over filled slots; `total` is null where nothing at all is known. */
export function summarise(filled) {
  const measured = filled.filter((slot) => slot.usage !== null);
  return {
    total: measured.length ? measured.reduce((sum, slot) => sum + slot.usage, 0) : null,
    peak: measured.reduce((most, slot) => (slot.usage > (most?.usage ?? 0) ? slot : most), null),
    known: count(filled, KNOWN),
    estimated: count(filled, ESTIMATED),
    missing: count(filled, MISSING),
    running: count(filled, RUNNING),
    pending: count(filled, PENDING),
  };
}

const count = (filled, state) => filled.filter((slot) => slot.state === state).length;

/** Sum `today` of the premises list by utility: [{utility, unit, usage}], null where one is unknown. */
export function byUtility(today) {
  const sums = new Map();
  for (const { utility, unit, usage } of today) {
    const sum = sums.get(utility) ?? { utility, unit, usage: 0 };
    sum.usage = sum.usage === null || usage === null ? null : sum.usage + usage;
    sums.set(utility, sum);
  }
  return [...sums.values()];
}
