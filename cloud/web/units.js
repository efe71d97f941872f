// SPDX-License-Identifier: EUPL-1.2
/** Numbers as people read them. The wire counts in ml, l, Wh, l/h and W; bills and dials do not. */

import { AUTOMATIC, chosenUnit } from "./unit_choice.js";

export const NOTHING = "—"; // what is not known is never shown as zero

const SYMBOLS = {
  bg: { l: "л", "m³": "м³", "l/h": "л/ч", "m³/h": "м³/ч" },
  en: {},
};

// From the wire's unit, the largest first: at `from` and above, `per` of them make one `unit`.
const SCALES = {
  ml: [{ from: 1e6, per: 1e6, unit: "m³" }, { from: 0, per: 1e3, unit: "l" }],
  l: [{ from: 0, per: 1e3, unit: "m³" }],
  Wh: [{ from: 1e10, per: 1e9, unit: "GWh" }, { from: 1e7, per: 1e6, unit: "MWh" }, { from: 0, per: 1e3, unit: "kWh" }],
  "l/h": [{ from: 1e3, per: 1e3, unit: "m³/h" }, { from: 0, per: 1, unit: "l/h" }],
  W: [{ from: 1e3, per: 1e3, unit: "kW" }, { from: 0, per: 1, unit: "W" }],
};

// What the dial of such a meter shows: its unit, and three decimals of it.
const DIALS = {
  ml: { per: 1e6, unit: "m³" },
  l: { per: 1e3, unit: "m³" },
  Wh: { per: 1e3, unit: "kWh" },
};
const DIAL_DECIMALS = 3;
const DIAL_DIGITS = 5;

export function symbol(unit, language) {
  return SYMBOLS[language][unit] ?? unit;
}

/** The scale for amounts up to `largest` of `unit`: {per, unit}; that of water is for people to choose. */
export function scaleFor(largest, unit) {
  const chosen = unit === "ml" ? chosenUnit("water") : AUTOMATIC;
  if (chosen !== AUTOMATIC) return SCALES[unit].find((step) => step.unit === chosen);
  const steps = SCALES[unit] ?? [{ from: 0, per: 1, unit }];
  return steps.find((step) => Math.abs(largest) >= step.from);
}

/** An amount in words, {figure, unit}: three significant digits and never more than it says. */
export function quantity(amount, unit, language, scale = scaleFor(amount ?? 0, unit)) {
  if (amount === null || amount === undefined) return { figure: NOTHING, unit: "" };
  const scaled = amount / scale.per;
  return { figure: decimal(scaled, decimalsFor(scaled, scale), language), unit: symbol(scale.unit, language) };
}

/** The same in one string, joined so that it does not break over a line. */
export function amountText(amount, unit, language) {
  const { figure, unit: written } = quantity(amount, unit, language);
  return written ? `${figure}\u00a0${written}` : figure;
}

/** An amount and the range it may lie in, "48 l/h (44–52)"; the range only where it is known. */
export function rangeText({ amount, low, high }, unit, language) {
  const known = amountText(amount, unit, language);
  if ([amount, low, high].some((one) => one === null || one === undefined) || low === high) return known;
  const scale = scaleFor(amount, unit);
  const [from, to] = [low, high].map((one) => quantity(one, unit, language, scale).figure);
  return `${known} (${from}–${to})`;
}

/** Two ends of a range with the unit once, "8.1 – 9.4 kWh". */
export function spanText(low, high, unit, language) {
  const scale = scaleFor(Math.max(Math.abs(low), Math.abs(high)), unit);
  const [from, to] = [low, high].map((one) => quantity(one, unit, language, scale));
  return `${from.figure}\u00a0– ${to.figure}\u00a0${to.unit}`;
}

/** Euro as on a bill; null where nobody knows. */
export function euroText(amount, language) {
  return amount === null || amount === undefined
    ? null
    : formatOf(language, { style: "currency", currency: "EUR" }).format(amount);
}

function decimalsFor(scaled, scale) {
  if (scale.per === 1) return 0;
  const size = Math.abs(scaled);
  if (size >= 100 || size === 0) return 0;
  if (size >= 10) return 1;
  return size < 1 && scale.per === 1e6 ? 3 : 2; // a few litres, told in m³
}

const FORMATS = new Map(); // dear to make, and charts ask at every frame
const AGES = new Map();

function formatOf(language, options) {
  const key = language + JSON.stringify(options);
  if (!FORMATS.has(key)) FORMATS.set(key, new Intl.NumberFormat(language, options));
  return FORMATS.get(key);
}

export function decimal(number, decimals, language) {
  return formatOf(language, { minimumFractionDigits: 0, maximumFractionDigits: decimals }).format(number);
}

/** A register as its dial shows it, {whole, fraction, unit}; digits cut, never rounded up. */
export function dial(register, unit) {
  const { per, unit: shown } = DIALS[unit] ?? { per: 1, unit };
  if (register === null || register === undefined) {
    return { whole: NOTHING.repeat(DIAL_DIGITS), fraction: NOTHING.repeat(DIAL_DECIMALS), unit: shown };
  }
  const whole = Math.floor(register / per);
  const thousandths = Math.floor((register - whole * per) * 10 ** DIAL_DECIMALS / per);
  return {
    whole: String(whole).padStart(DIAL_DIGITS, "0"),
    fraction: per === 1 ? "" : String(thousandths).padStart(DIAL_DECIMALS, "0"),
    unit: shown,
  };
}

/** A count with every digit it has, in its dial's unit: nothing is rounded, so the count can be told back. */
export function exactText(count, unit, language) {
  if (count === null || count === undefined) return NOTHING;
  const { per, unit: shown } = DIALS[unit] ?? { per: 1, unit };
  const [size, one] = [BigInt(Math.abs(count)), BigInt(per)];
  const whole = new Intl.NumberFormat(language).format(size / one);
  const fraction = per === 1 ? "" : `${language === "bg" ? "," : "."}${String(size % one).padStart(String(per).length - 1, "0")}`;
  return `${count < 0 ? "−" : ""}${whole}${fraction}\u00a0${symbol(shown, language)}`;
}

/** How long ago in words, "4 sec. ago"; a future instant counts as now. */
export function ageText(at, nowMs, language) {
  if (!AGES.has(language)) AGES.set(language, new Intl.RelativeTimeFormat(language, { style: "short", numeric: "always" }));
  const words = AGES.get(language);
  const seconds = Math.max(0, Math.floor((nowMs - at) / 1000));
  if (seconds < 60) return words.format(-seconds, "second");
  if (seconds < 3600) return words.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86400) return words.format(-Math.floor(seconds / 3600), "hour");
  return words.format(-Math.floor(seconds / 86400), "day");
}
