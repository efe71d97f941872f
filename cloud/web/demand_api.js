// SPDX-License-Identifier: EUPL-1.2
/**
 * Demand as the views need it: the only place that knows how the cloud spells it.
 *
 * @typedef {{low: ?number, mid: number, high: ?number, used: ?number}} Range  in the unit of `unitOf`
 * @typedef {{start: number, end: number, low: ?number, mid: ?number, high: ?number, used: ?number}} Slot  instants in ms
 */

import { attempt, call } from "./api.js";
import { addDays, dayOf, midnight } from "./calendar.js";

const HOUR_MS = 3_600_000;
const EVENING_MS = 24 * HOUR_MS;
const MANY_ISSUES = 500; // hourly ones of twenty days
const OWN_SOURCE = "Iskar: meters read here";
const AT_ONCE = 4; // requests under way together: the others of the page want their turn

/** The unit as `units.js` knows it. */
const unitOf = (unit) => (unit === "wh" ? "Wh" : unit);
const of = (id) => `/demand/series/${encodeURIComponent(id)}`;
const ms = (text) => (text ? Date.parse(text) : null);

/**
 * What takes minutes to work out: asked for again until it is there. `isWanted` tells whether anybody still waits,
 * `onWait` that it takes longer.
 */
async function workedOut(path, { isWanted = () => true, onWait = () => {} } = {}) {
  for (;;) {
    const told = await call("GET", path);
    if (told.retry_after_s === undefined) return told;
    onWait();
    await new Promise((resolve) => setTimeout(resolve, told.retry_after_s * 1000));
    if (!isWanted()) throw new Error(`Nobody waits for ${path} any more.`);
  }
}

export async function demandSeries() {
  return (await call("GET", "/demand/series")).items.map(seriesOf);
}

const seriesOf = (told) => ({
  id: told.series_id, name: told.name, utility: told.utility, level: told.level, unit: unitOf(told.unit),
  place: told.district ?? null, isImported: told.origin === "import", source: told.source,
});

/** The newest forecast that was issued up to `before` (ms), by "hour" or "day". */
export async function forecastOf(id, resolution, before) {
  const asked = new URLSearchParams({ resolution, ...(before && { issued_before: new Date(before).toISOString() }) });
  return forecast(await call("GET", `${of(id)}/forecast?${asked}`));
}

function forecast(told) {
  return {
    issuedAt: ms(told.issued_at),
    unit: unitOf(told.unit),
    isFallback: told.is_fallback,
    reason: told.fallback_reason,
    usageUntil: ms(told.inputs.usage_until),
    weatherShare: told.inputs.weather_forecast_share,
    hours: told.hours.map((hour) => ({
      start: Date.parse(hour.interval_start), end: Date.parse(hour.interval_start) + HOUR_MS,
      low: hour.p05, mid: hour.p50, high: hour.p95, used: hour.used,
    })),
    days: told.days.map(({ day, sum, peak }) => ({
      day, start: midnight(day), end: midnight(addDays(day, 1)), ...rangeOf(sum), peak: rangeOf(peak),
    })),
  };
}

const rangeOf = ({ p05, p50, p95, used = null }) => ({ low: p05, mid: p50, high: p95, used });

export const forecastFile = (id, resolution) => `/api/v1${of(id)}/forecast.csv?resolution=${resolution}`;

/** Hours used on the local days [from, to), by their start: Map of ms to amount. */
export async function usedHours(id, from, to) {
  const told = await call("GET", `${of(id)}/usage?${new URLSearchParams({ from, to })}`);
  return new Map(told.intervals.map((hour) => [ms(hour.interval_start), hour.usage]));
}

/** What was forecast the evening before of each of the last `count` days: slots in order of time. */
export async function forecastBehind(id, resolution, count, nowMs) {
  const today = dayOf(nowMs);
  const issued = await attempt(issuedSince(id, nowMs - (count + 2) * 24 * HOUR_MS));
  if (issued.error) return [];
  const days = Array.from({ length: count + 1 }, (_, back) => addDays(today, back - count)).filter((day) =>
    issued.some((at) => at <= midnight(day) && midnight(day) - at < EVENING_MS)); // else it is of days before
  const found = [];
  for (let at = 0; at < days.length; at += AT_ONCE) {
    const some = days.slice(at, at + AT_ONCE);
    found.push(...await Promise.all(some.map((day) => attempt(forecastOf(id, resolution, midnight(day))))));
  }
  return found.flatMap((one, at) => (one.error ? [] : ofDay(one, days[at], resolution)));
}

/** When forecasts were issued since an instant, the newest first. */
async function issuedSince(id, sinceMs) {
  const told = await call("GET", `${of(id)}/forecasts?limit=${MANY_ISSUES}`);
  return told.items.map(ms).filter((at) => at >= sinceMs);
}

function ofDay(one, day, resolution) {
  const [start, end] = [midnight(day), midnight(addDays(day, 1))];
  const slots = resolution === "day" ? one.days : one.hours;
  return slots.filter((slot) => slot.start >= start && slot.start < end);
}

/** How the forecasts of tomorrow did over the last 7, 28 and 90 days. */
export async function accuracyOf(id) {
  const told = await call("GET", `${of(id)}/accuracy`);
  const windows = told.figures.filter((one) => one.lead === "day_1" && one.hours > 0).map((one) => ({
    days: one.window_days, hours: one.hours, mae: one.mae, naiveMae: one.naive_mae, mapePct: one.mape_pct,
    coveragePct: one.coverage90_pct, fallbackPct: one.fallback_pct,
  }));
  return {
    auditedOn: told.audited_on, unit: unitOf(told.unit), windows: windows.toSorted((a, b) => a.days - b.days),
    week: told.weeks.map((one) => ({ errorPct: one.error_pct, promisedPct: one.check_error_pct })).at(-1),
    drifts: told.drifts.map((one) => ({ since: one.began_on, what: one.what, direction: one.direction })),
  };
}

/** When tomorrow's highest hour comes and how high, with the probability that each limit is passed. */
export async function peakOf(id) {
  const told = await call("GET", `${of(id)}/peak`);
  return {
    day: told.day, amount: rangeOf(told.peak),
    hours: told.hours.map((one) => ({ start: ms(one.interval_start), share: one.probability })),
    pastDays: told.days, // that told which hour is the highest
    passed: told.limits.map((one) => ({ id: one.limit_id, share: one.probability })),
  };
}

/** What tomorrow's use would be were it so many degrees warmer. */
export async function whatIf(id, deltaC, waiting) {
  const told = await workedOut(`${of(id)}/what-if?${new URLSearchParams({ temperature_delta_c: deltaC })}`, waiting);
  return { day: told.day, unit: unitOf(told.unit), base: told.base, changed: told.changed, difference: rangeOf(told.difference) };
}

/** What days differ by: shares in per cent, the largest first. */
export async function explanationOf(id, waiting) {
  const told = await workedOut(`${of(id)}/explain`, waiting);
  const shares = Object.entries(told.share_of_daily_variance_pct).map(([name, pct]) => ({ name, pct: pct ?? 0 }));
  return {
    shares: shares.filter((one) => one.name !== "base").toSorted((a, b) => b.pct - a.pct),
    steadyC: told.reference_temperature_c,
    idle: told.ablation.filter((one) => !one.kept).map((one) => one.group),
  };
}

/** What the coming month, season and year may bring, and the coldest day of one year in ten. */
export async function scenarioOf(id, waiting) {
  const told = await workedOut(`${of(id)}/scenario`, waiting);
  return {
    unit: unitOf(told.unit), years: told.weather_years,
    spans: told.spans.map((one) => ({ kind: one.kind, from: one.first_day, to: one.last_day, ...rangeOf(one.total) })),
    coldDay: told.cold_day && { amount: told.cold_day.amount, low: told.cold_day.low, high: told.cold_day.high, coldC: told.cold_day.temperature_c },
  };
}

const limitOf = (told) => ({
  id: told.limit_id, seriesId: told.series_id, isPeak: told.quantity === "day_peak", upper: told.upper,
  share: told.probability, contact: told.contact,
});

export async function limitsOf(id) {
  return (await call("GET", "/demand/limits")).items.map(limitOf).filter((one) => one.seriesId === id);
}

export async function setLimit(id, { limitId, isPeak, upper, share, contact }) {
  return limitOf(await call("PUT", `/demand/limits/${encodeURIComponent(limitId)}`, {
    series_id: id, quantity: isPeak ? "day_peak" : "day_sum", upper, probability: share, contact: contact || null,
  }));
}

export const dropLimit = (limitId) => call("DELETE", `/demand/limits/${encodeURIComponent(limitId)}`);

/** The register of data sets: of each what is known by year, how old the newest is, what is odd. */
export async function datasets() {
  const told = await call("GET", "/demand/datasets");
  return told.items.map((one) => ({
    id: one.dataset_id, isWeather: one.kind === "weather", name: one.name, what: one.what, level: one.level,
    source: one.source, isOwn: one.source === OWN_SOURCE, licence: one.licence, isLate: one.is_late, findings: one.findings,
    ageMs: one.age_h === null ? null : one.age_h * HOUR_MS,
    coverage: one.coverage.map(({ resolution, first, until, share, years }) => ({
      resolution, first: ms(first), until: ms(until), share,
      years: years.map(({ year, intervals, missing }) => ({ year, share: intervals ? 1 - missing / intervals : 0 })),
    })),
  }));
}
