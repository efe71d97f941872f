// SPDX-License-Identifier: EUPL-1.2
/** The periods a building's use is charted by: their days, their bars, the one before, and the same a year ago. */

import { addDays, dateText, dayOf, hoursOf, hourText, longDate, midnight, monthsOf, offsetText } from "./calendar.js";

export const PERIODS = ["day", "week", "month", "year", "years"];

const WEEK = 7;
const YEAR = 52 * WEEK; // days to the same weekday a year ago

const yearOf = (day) => Number(day.slice(0, 4));
const firstOfMonth = (day) => `${day.slice(0, 7)}-01`;
const monday = (day) => addDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % WEEK));
const addMonths = (first, count) => new Date(Date.UTC(yearOf(first), Number(first.slice(5, 7)) - 1 + count, 1)).toISOString().slice(0, 10);

const daysBetween = (from, to) => {
  const days = [];
  for (let day = from; day < to; day = addDays(day, 1)) days.push({ start: midnight(day), end: midnight(addDays(day, 1)) });
  return days;
};

/** How each period goes about a day: where it begins and ends, its bars, and its neighbours. */
const KINDS = {
  day: { resolution: "hour", each: "hours", from: (day) => day, step: addDays, yearAgo: (from) => addDays(from, -YEAR) },
  week: { resolution: "day", each: "days", from: monday, step: (from, count) => addDays(from, WEEK * count), yearAgo: (from) => addDays(from, -YEAR) },
  month: { resolution: "day", each: "days", from: firstOfMonth, step: addMonths, yearAgo: (from) => addMonths(from, -12) },
  year: { resolution: "month", each: "months", from: (day) => `${yearOf(day)}-01-01`, step: (from, count) => addMonths(from, 12 * count), yearAgo: (from) => addMonths(from, -12) },
};

/** The period of a kind that a local day lies in: {period, resolution, each, from, to, slots, previous, next, yearAgo}. */
export function spanOf(period, day) {
  const { resolution, each, from: begin, step, yearAgo } = KINDS[period];
  const from = begin(day);
  const to = step(from, 1);
  const before = yearAgo(from);
  return {
    period, resolution, each, from, to, slots: slotsOf(period, from, to),
    previous: step(from, -1), next: to,
    yearAgo: { resolution, from: before, to: step(before, 1), slots: slotsOf(period, before, step(before, 1)) },
  };
}

function slotsOf(period, from, to) {
  if (period === "day") return hoursOf(from);
  return period === "year" ? monthsOf(yearOf(from)) : daysBetween(from, to);
}

/** What a period is called: "събота, 21 ноември", "16 – 22 ноември 2026 г.", "ноември 2026 г.". */
export function titleOf({ period, from, to }, language) {
  if (period === "day") return longDate(from, language);
  if (period === "month") return dateText(midnight(from), language, { month: "long", year: "numeric" });
  if (period === "year") return dateText(midnight(from), language, { year: "numeric" });
  const last = addDays(to, -1);
  const day = { day: "numeric", month: "long" };
  const isWithin = from.slice(0, 7) === last.slice(0, 7);
  return `${dateText(midnight(from), language, isWithin ? { day: "numeric" } : day)} – ${dateText(midnight(last), language, { ...day, year: "numeric" })}`;
}

/** A short label under a bar: "07", "пн", "21", "яну". */
export function axisText({ period }, slot, language) {
  if (period === "day") return hourText(slot.start).slice(0, 2);
  if (period === "week") return dateText(slot.start, language, { weekday: "short" });
  if (period === "month") return String(Number(dayOf(slot.start).slice(8)));
  return dateText(slot.start, language, { month: "long" }).slice(0, 3);
}

/** Words for a bar: "07:00–08:00", with the offset where the hour comes twice; "събота, 21 ноември". */
export function slotText({ period, slots }, slot, language) {
  if (period === "year") return dateText(slot.start, language, { month: "long" });
  if (period !== "day") return longDate(dayOf(slot.start), language);
  const text = `${hourText(slot.start)}–${hourText(slot.end)}`;
  return isTwice(slots, slot) ? `${text} (UTC${offsetText(slot.start)})` : text;
}

const isTwice = (slots, slot) => slots.filter((other) => hourText(other.start) === hourText(slot.start)).length > 1;

/** The day of 23 or 25 hours in a period: {hours, start}, or null. */
export function oddDay({ period, slots, from, to }) {
  if (period === "year") return null;
  const days = period === "day" ? daysBetween(from, to) : slots;
  const odd = days.find(({ start, end }) => end - start !== 86_400_000);
  return odd ? { hours: (odd.end - odd.start) / 3_600_000, start: odd.start } : null;
}

/** For each slot its counterpart among those of a year ago, or null: by the clock where a day is longer, else by place. */
export function counterparts(period, slots, others) {
  if (period !== "day" || slots.length === others.length) return slots.map((_, at) => others[at] ?? null);
  const taken = new Set();
  return slots.map((slot) => {
    const other = others.find((one) => !taken.has(one) && hourText(one.start) === hourText(slot.start)) ?? null;
    taken.add(other);
    return other;
  });
}
