// SPDX-License-Identifier: EUPL-1.2
/** Local days of the meters, Europe/Sofia, wherever the phone is. A day is "2026-11-21". */

export const ZONE = "Europe/Sofia";
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FORMATS = new Map(); // by language and options
const CLOCK = new Intl.DateTimeFormat("en-CA", {
  timeZone: ZONE, hourCycle: "h23",
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
});
const OFFSETS = new Map(); // by instant: asking the browser takes a slow phone a millisecond
const OFFSETS_KEPT = 10_000;

function askedOffsetMs(instantMs) {
  if (!OFFSETS.has(instantMs)) {
    if (OFFSETS.size >= OFFSETS_KEPT) OFFSETS.clear();
    const told = Object.fromEntries(CLOCK.formatToParts(instantMs).map(({ type, value }) => [type, value]));
    OFFSETS.set(instantMs, Date.UTC(+told.year, +told.month - 1, +told.day, +told.hour, +told.minute) - instantMs);
  }
  return OFFSETS.get(instantMs);
}

/** How far local time is ahead of UTC at an instant, in ms. Clocks change on the hour, and at most once in a day. */
export function offsetMs(instantMs) {
  const [before, after] = [Math.floor(instantMs / DAY_MS), Math.floor(instantMs / DAY_MS) + 1].map((day) => askedOffsetMs(day * DAY_MS));
  return before === after ? before : askedOffsetMs(Math.floor(instantMs / HOUR_MS) * HOUR_MS);
}

/** "2026-11-21T07:05:00.000Z" of the clock on the wall. */
const wall = (instantMs) => new Date(instantMs + offsetMs(instantMs)).toISOString();

export const dayOf = (instantMs) => wall(instantMs).slice(0, 10);

/** The instant a local day begins. Clocks change at 03:00 or 04:00, so midnight is never in doubt. */
export function midnight(day) {
  const asUtc = Date.parse(`${day}T00:00:00Z`);
  return asUtc - offsetMs(asUtc - offsetMs(asUtc));
}

export function addDays(day, count) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);
}

/** The 23, 24 or 25 hours of a local day, [{start, end}] in ms. */
export function hoursOf(day) {
  const end = midnight(addDays(day, 1));
  const hours = [];
  for (let start = midnight(day); start < end; start += HOUR_MS) {
    hours.push({ start, end: start + HOUR_MS });
  }
  return hours;
}

/** The twelve local months of a year, [{start, end}] in ms. */
export function monthsOf(year) {
  const firsts = Array.from({ length: 13 }, (_, month) =>
    midnight(new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10)));
  return firsts.slice(0, 12).map((start, month) => ({ start, end: firsts[month + 1] }));
}

export const hourText = (instantMs) => wall(instantMs).slice(11, 16);

/** "+02:00", which tells the two 03:00 of an autumn night apart. */
export function offsetText(instantMs) {
  return `+${String(offsetMs(instantMs) / HOUR_MS).padStart(2, "0")}:00`;
}

export function dateText(instantMs, language, options) {
  const key = language + JSON.stringify(options);
  let format = FORMATS.get(key); // making one takes a phone a millisecond, and a chart asks for hundreds
  if (!format) FORMATS.set(key, format = new Intl.DateTimeFormat(language, { timeZone: ZONE, ...options }));
  return format.format(instantMs);
}

export const longDate = (day, language) =>
  dateText(midnight(day), language, { weekday: "long", day: "numeric", month: "long" });

export const momentText = (instantMs, language) =>
  dateText(instantMs, language, { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
