// SPDX-License-Identifier: EUPL-1.2
/** Gas as energy: the dated factors of a building, what they are in words, and what so many litres are by one of them. */

import { call, usageOf } from "./api.js";
import { addDays, dateText, dayOf, midnight } from "./calendar.js";
import { now } from "./clock.js";
import { language, t } from "./language.js";
import { recall, remember } from "./store.js";
import { isGasEnergy } from "./unit_choice.js";
import { amountText } from "./units.js";
import "./words/units.js";

const TODAY_EVERY_MS = 30_000;
const ML = 1000; // in a litre: what passed in an hour is told to parts of one

/** The whole Wh of so many litres, exactly; `factor` is a decimal number as text, in kWh/m³, which is Wh/l. */
export function wattHours(litres, factor) {
  const [whole, fraction = ""] = factor.split(".");
  const one = 10n ** BigInt(fraction.length);
  const product = BigInt(litres) * BigInt(whole + fraction);
  return Number((2n * product + one) / (2n * one));
}

/** The factor that applies to a service point on all local days [first, last]; null where none does, or more than one. */
export function factorOver(factors, servicePointId, first, last) {
  return factors.find((one) => one.service_point_id === servicePointId
    && (one.first_day ?? "") <= first && last <= (one.last_day ?? "9999")) ?? null;
}

/** "× 10.62 kWh/m³ from 1 October 2026; × 10.58 …": what made the figures, as it was told. */
export function factorsText(factors) {
  const told = factors.map((one) => {
    const factor = one.kwh_per_metered_m3.replace(".", language() === "bg" ? "," : ".");
    const unit = t("gas_factor", { factor });
    return one.first_day ? t("gas_factor_from", { factor: unit, day: dayText(one.first_day) }) : unit;
  });
  return [...new Set(told)].join("; ");
}

/** All there is to say of figures in kWh: their factors, whose they are, and what could not be converted. */
export function conversionWords({ conversions = [], intervals = [] }) {
  const words = [];
  if (conversions.length) words.push(factorsText(conversions).replace(/\.?$/, ".")); // "2026 г." ends with one already
  if (conversions.some((one) => one.is_assumed)) words.push(t("gas_factor_assumed"));
  const count = (reason) => intervals.filter((one) => one.reason === reason).length;
  if (!conversions.length || count("no-factor")) words.push(t("gas_no_factor"));
  if (count("factor-changed")) words.push(t("gas_factor_changed"));
  return words.join(" ");
}

const dayText = (day) => dateText(midnight(day), language(), { day: "numeric", month: "long", year: "numeric" });

/** A Lit controller: factors and today's energy of buildings, asked for once they are needed. */
export class Gas {
  #host;
  #known = new Map(); // key: {answer, askedAt}

  constructor(host) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected() {}

  /** What a building has used today, {usage, unit, words}; null where gas is told in m³. */
  today(premisesId) {
    if (!isGasEnergy()) return null;
    const day = dayOf(now());
    const asked = { utility: "gas", resolution: "day", from: day, to: addDays(day, 1) };
    const told = this.#get(`gas-today/${premisesId}`, TODAY_EVERY_MS, () => usageOf(premisesId, asked));
    const isToday = told && Date.parse(told.intervals[0]?.interval_start) === midnight(day);
    const usage = isToday ? told.intervals[0].usage : null;
    return { usage, unit: "Wh", words: isToday ? conversionWords(told) : "" };
  }

  /** So many litres that flowed from one instant to another, with what made energy of them. */
  text(flow) {
    const factor = this.factorOf(flow);
    return factor ? `${this.amount(flow)} (${factorsText([factor])})` : this.amount(flow);
  }

  /** The same without that. */
  amount(flow) {
    const factor = this.factorOf(flow);
    return factor ? amountText(wattHours(Math.round(flow.litres * ML), factor.kwh_per_metered_m3) / ML, "Wh", language()) : amountText(flow.litres, "l", language());
  }

  /** The one factor that applies to all of a flow; null where there is none, or gas is told in m³. */
  factorOf({ premisesId, servicePointId, litres, since, until }) {
    if (!isGasEnergy() || !Number.isFinite(litres)) return null;
    const told = this.#get(`gas-factors/${premisesId}`, Infinity, async () =>
      (await call("GET", `/premises/${encodeURIComponent(premisesId)}/gas-conversions`)).items);
    return told && factorOver(told, servicePointId, dayOf(since), dayOf(until));
  }

  #get(key, everyMs, ask) {
    const known = this.#known.get(key) ?? { answer: recall(key)?.content ?? null, askedAt: -Infinity };
    if (known.askedAt === -Infinity || now() - known.askedAt > everyMs) {
      known.askedAt = now();
      this.#ask(key, ask);
    }
    this.#known.set(key, known);
    return known.answer;
  }

  async #ask(key, ask) {
    try {
      const answer = await ask();
      this.#known.get(key).answer = answer;
      remember(key, answer, now());
      this.#host.requestUpdate();
    } catch (error) {
      console.info(`${key} could not be fetched:`, error.message);
      this.#known.get(key).askedAt = -Infinity; // asked again when the host draws again
    }
  }
}
