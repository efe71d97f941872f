// SPDX-License-Identifier: EUPL-1.2
/** Years of use by the hour as typed arrays, and a pyramid over them: each level sums two cells of the one below. */

import { call } from "./api.js";
import { dayOf, midnight } from "./calendar.js";

export const HOUR_S = 3600;
export const FACTOR = 2;
const SLICE = 8192; // cells between two breaths: a few ms on a slow phone
const TOP = 64; // cells of the coarsest level at most

export const KNOWN = 1; // flags of a cell: some of its hours are measured, estimated, missing
export const ESTIMATED = 2;
export const MISSING = 4;
export const BY_DAY = 8; // only the day's sum is kept, so that hours show its mean

/** Years of use in columns, as the API gives them. */
export const usageColumns = (premisesId, { utility, from, to }) =>
  call("GET", `/premises/${encodeURIComponent(premisesId)}/usage/columns?` + new URLSearchParams({ utility, from, to }));

/** Let the browser draw and hear its user before going on. */
const breathe = () => (globalThis.scheduler?.yield ? scheduler.yield() : new Promise((go) => setTimeout(go)));

/**
 * Lay columns onto hours and build the pyramid, in slices.
 * Resolves to {startS, hours, unit, levels: [{perCell, low, high, sum, count, flags}], peak}; hours after `nowS` are left out.
 * `low`, `high` are per hour; `sum` over the `count` known hours of a cell. Null where nothing at all is known.
 */
export async function layOut(columns, nowS) {
  const { stretches } = columns;
  const startS = Date.parse(stretches[0].interval_start) / 1000;
  const endS = Math.min(Date.parse(stretches.at(-1).interval_end) / 1000, Math.ceil(nowS / HOUR_S) * HOUR_S);
  const hours = Math.max(0, Math.round((endS - startS) / HOUR_S));
  const base = level(1, hours);
  let hour = 0;
  for (const stretch of stretches) hour = await lay(stretch, base, hour, nowS, startS);
  const first = base.count.indexOf(1);
  if (first < 0) return null;
  const levels = [base];
  while (levels.at(-1).low.length > TOP) levels.push(await above(levels.at(-1)));
  const top = levels.at(-1);
  return { startS, hours, firstS: startS + first * HOUR_S, unit: stretches[0].unit, levels, peak: Math.max(...top.high.filter(Number.isFinite)) };
}

const level = (perCell, cells) => ({
  perCell,
  low: new Float32Array(cells).fill(Infinity),
  high: new Float32Array(cells).fill(-Infinity),
  sum: new Float64Array(cells),
  count: new Uint32Array(cells),
  flags: new Uint8Array(cells),
});

/** Give each hour of a stretch its use; a day's is spread over its hours. Returns the hour after it. */
async function lay(stretch, base, hour, nowS, startS) {
  const lengths = runs(stretch.lengths, (run) => run.length_s / HOUR_S);
  const qualities = runs(stretch.quality, (run) => (run.quality.length ? flagsOf(run.quality) : 0));
  const byDay = stretch.resolution === "day" ? BY_DAY : 0;
  const { low, high, sum, count, flags } = base;
  for (let at = 0; at < stretch.usage.length; at += 1) {
    const length = lengths();
    const quality = qualities();
    const usage = stretch.usage[at];
    for (let part = 0; part < length && hour < low.length; part += 1, hour += 1) {
      const isRunning = startS + (hour + 1) * HOUR_S > nowS;
      if (usage === null) {
        flags[hour] = isRunning ? 0 : MISSING; // what isn't over yet may still come
        continue;
      }
      const amount = usage / length;
      low[hour] = high[hour] = sum[hour] = amount;
      count[hour] = 1;
      flags[hour] = (quality & (isRunning ? ESTIMATED : ESTIMATED | MISSING) ? ESTIMATED : KNOWN) | byDay;
    }
    if (at % SLICE === SLICE - 1) await breathe();
  }
  return hour;
}

/** Read run lengths one by one. */
function runs(told, of) {
  let at = -1;
  let left = 0;
  let current;
  return () => {
    if (left === 0) {
      at += 1;
      left = told[at].count;
      current = of(told[at]);
    }
    left -= 1;
    return current;
  };
}

/** An hour of which a part is missing is incomplete: shown as estimated ones are, as in the bars. */
const flagsOf = (quality) => (["estimated", "suspect", "missing"].some((name) => quality.includes(name)) ? ESTIMATED : 0);

async function above(below) {
  const made = level(below.perCell * FACTOR, Math.ceil(below.low.length / FACTOR));
  for (let at = 0; at < made.low.length; at += 1) {
    const end = Math.min((at + 1) * FACTOR, below.low.length);
    for (let part = at * FACTOR; part < end; part += 1) {
      if (below.low[part] < made.low[at]) made.low[at] = below.low[part];
      if (below.high[part] > made.high[at]) made.high[at] = below.high[part];
      made.sum[at] += below.sum[part];
      made.count[at] += below.count[part];
      made.flags[at] |= below.flags[part];
    }
    if (at % SLICE === SLICE - 1) await breathe();
  }
  return made;
}

/** The finest level that has no more than `cells` cells between two instants. */
export function levelFor(laid, fromS, toS, cells) {
  const hours = (toS - fromS) / HOUR_S;
  return laid.levels.find(({ perCell }) => hours / perCell <= cells) ?? laid.levels.at(-1);
}

/** Sum by local year, oldest first: [{year, usage, known, estimated, missing}] in hours; usage null where nothing is known. */
export function byYear(laid) {
  const [base] = laid.levels;
  const years = [];
  const endS = laid.startS + laid.hours * HOUR_S;
  for (let year = yearOf(laid.firstS); midnight(`${year}-01-01`) / 1000 < endS; year += 1) {
    const from = Math.max(0, hourAt(laid, `${year}-01-01`));
    const to = Math.min(laid.hours, hourAt(laid, `${year + 1}-01-01`));
    const row = { year, usage: null, known: 0, estimated: 0, missing: 0 };
    for (let hour = from; hour < to; hour += 1) {
      if (base.count[hour]) row.usage += base.sum[hour];
      if (base.flags[hour] & ESTIMATED) row.estimated += 1;
      else if (base.flags[hour] & KNOWN) row.known += 1;
      else if (base.flags[hour] & MISSING) row.missing += 1;
    }
    years.push(row);
  }
  return years;
}

const yearOf = (atS) => Number(dayOf(atS * 1000).slice(0, 4));
const hourAt = (laid, day) => Math.round((midnight(day) / 1000 - laid.startS) / HOUR_S);
