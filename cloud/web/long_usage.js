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
const breathe = () => globalThis.scheduler?.yield?.() ?? new Promise((go) => setTimeout(go));

/**
 * Lay columns onto hours and build the pyramid, in slices.
 * Resolves to {startS, hours, unit, isByDay, levels: [{perCell, low, high, sum, count, flags}], peak}; hours after `nowS` are left out.
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
  let top = base;
  const levels = [top];
  while (top.low.length > TOP) {
    top = await above(top);
    levels.push(top);
  }
  const isByDay = (top.flags.reduce((all, flags) => all | flags, 0) & BY_DAY) !== 0;
  return { startS, hours, isByDay, firstS: startS + first * HOUR_S, unit: stretches[0].unit, levels, peak: Math.max(...top.high.filter(Number.isFinite)) };
}

const level = (perCell, cells) => ({
  perCell,
  low: new Float32Array(cells).fill(Infinity),
  high: new Float32Array(cells).fill(-Infinity),
  sum: new Float64Array(cells),
  count: new Uint32Array(cells),
  flags: new Uint8Array(cells),
});

/** Give each hour of a stretch its use; a day's is spread over its hours. Resolves to the hour after it. */
async function lay({ resolution, lengths, quality, usage }, base, first, nowS, startS) {
  const { low, high, sum, count, flags } = base;
  const byDay = resolution === "day" ? BY_DAY : 0;
  const running = Math.floor((nowS - startS) / HOUR_S); // the hour that isn't over
  const lengthAt = runs(lengths, ({ length_s }) => length_s / HOUR_S);
  const flagsAt = runs(quality, (run) => flagsOf(run.quality));
  let hour = first;
  for (let at = 0; at < usage.length && hour < low.length; at += 1) {
    const amount = usage[at];
    const end = Math.min(low.length, hour + lengthAt(at));
    const known = flagsAt(at);
    for (; hour < end; hour += 1) {
      if (amount === null) {
        flags[hour] = hour >= running ? 0 : MISSING; // what isn't over yet may still come
      } else {
        low[hour] = high[hour] = sum[hour] = amount / lengthAt(at);
        count[hour] = 1;
        flags[hour] = (hour >= running ? KNOWN : known) | byDay;
      }
    }
    if (at % SLICE === SLICE - 1) await breathe();
  }
  return hour;
}

/** Read run lengths in order: what the run that a place lies in tells. */
function runs(told, of) {
  const tells = told.map(of);
  let run = 0;
  let end = told[0]?.count ?? 0;
  return (at) => {
    while (at >= end) {
      run += 1;
      end += told[run].count;
    }
    return tells[run];
  };
}

/** An hour of which a part is missing is incomplete: shown as estimated ones are, as in the bars. */
const flagsOf = (quality) => (["estimated", "suspect", "missing"].some((name) => quality.includes(name)) ? ESTIMATED : KNOWN);

async function above(below) {
  const cells = below.low.length;
  const made = level(below.perCell * FACTOR, Math.ceil(cells / FACTOR));
  const { low, high, sum, count, flags } = made;
  for (let part = 0; part < cells; part += 1) {
    const at = Math.floor(part / FACTOR);
    if (below.low[part] < low[at]) low[at] = below.low[part];
    if (below.high[part] > high[at]) high[at] = below.high[part];
    sum[at] += below.sum[part];
    count[at] += below.count[part];
    flags[at] |= below.flags[part];
    if (part % SLICE === SLICE - 1) await breathe();
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
