// SPDX-License-Identifier: EUPL-1.2
/** The forecast in a chart of use: its words, its legend, its column. Loaded and asked for once the chart is there. */

import { html, nothing } from "lit";
import { UnreachableError } from "../api.js";
import { dateText, midnight } from "../calendar.js";
import { now } from "../clock.js";
import { converter, fared, lay, rough } from "../expected_use.js";
import { expectedUse } from "../forecast_api.js";
import { language, t } from "../language.js";
import { recall, remember } from "../store.js";
import { quantity, rangeText, scaleFor } from "../units.js";
import "../words/ahead.js";
import "./age.js";
import { drawAhead } from "./ahead_marks.js";

const REFRESH_MS = 5 * 60_000;
const STILL_TRUE_MS = 15 * 60_000; // what is left of a day is less a quarter of an hour later
const STALE_MS = 12 * 3_600_000; // a new one is made every six hours

/** A Lit controller: forecasts of the periods that its host charts, asked for as they are shown. */
export class Ahead {
  #host;
  #known = new Map(); // key of a period: {told, at, askedAt}

  constructor(host) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected() {}

  /** Give {slots, chart}: the slots with what was and is expected of them, and what a chart shows of it; null for nothing. */
  of(premisesId, utility, span, usage, slots) {
    if (span.resolution === "month") return null; // none reaches to the end of one
    const { told, at } = this.#get(premisesId, { utility, resolution: span.resolution, from: span.from, to: span.to });
    if (!told?.newest) return null;
    const convert = converter(told, usage);
    const laid = lay(told, slots, convert, now());
    const isFresh = now() - at < STILL_TRUE_MS;
    const rest = isFresh && told.rest ? convert(told.rest) : null;
    if (!rest && !laid.some((slot) => slot.ahead)) return null;
    return { slots: laid, chart: chartOf({ newest: told.newest, rest, laid, span, unit: usage.unit, isFresh }) };
  }

  #get(premisesId, period) {
    const key = `forecast/${premisesId}/${period.utility}/${period.resolution}/${period.from}`;
    if (now() - (this.#known.get(key)?.askedAt ?? -Infinity) > REFRESH_MS) this.#fetch(key, premisesId, period);
    return this.#known.get(key);
  }

  async #fetch(key, premisesId, period) {
    const before = this.#known.get(key);
    this.#known.set(key, { ...before, askedAt: now() });
    try {
      const told = await expectedUse(premisesId, period);
      remember(key, told, now());
      this.#known.set(key, { told, at: now(), askedAt: now() });
    } catch (error) {
      console.info(`${key} could not be fetched:`, error.message);
      this.#known.set(key, { ...this.#fallBack(key, before, error), askedAt: now() });
    }
    this.#host.requestUpdate();
  }

  #fallBack(key, before, error) {
    if ([403, 404].includes(error.status)) return {};
    if (before?.told || !(error instanceof UnreachableError)) return before;
    const kept = recall(key);
    return kept && { told: kept.content, at: kept.at };
  }
}

/** What the chart shows: {highest, words, legend, draw, slotWords, head, cell}. */
function chartOf({ newest, rest, laid, span, unit, isFresh }) {
  const foretold = laid.map((slot) => slot.ahead).filter(Boolean);
  const amount = (one) => rangeText(rough(one), unit, language());
  return {
    highest: Math.max(0, ...foretold.map((one) => one.high)),
    draw: drawAhead,
    words: words(newest, rest, laid, span, unit, isFresh),
    legend: html`
      ${foretold.some((one) => !one.hasBegun) ? html`<span data-legend="ahead"><i class="swatch swatch-ahead"></i>${t("legend_ahead")}</span>` : nothing}
      ${foretold.some((one) => one.hasBegun) ? html`<span data-legend="foretold"><i class="swatch swatch-foretold"></i>${t("legend_foretold")}</span>` : nothing}`,
    slotWords: ({ ahead }) => (ahead ? `, ${t(ahead.hasBegun ? "ahead_was" : "ahead_is", { amount: amount(ahead) })}` : ""),
    head: foretold.length ? html`<th class="then" scope="col">${t("ahead_column")}</th>` : nothing,
    cell: ({ ahead }) => (foretold.length ? html`<td class="then" data-ahead=${ahead?.mid ?? nothing}>${ahead ? amount(ahead) : "—"}</td>` : nothing),
  };
}

function words(newest, rest, laid, span, unit, isFresh) {
  const isAhead = rest || laid.some((slot) => slot.ahead && !slot.ahead.hasBegun);
  const isOld = isAhead && (!isFresh || now() - newest.issuedAt > STALE_MS);
  return html`
    <p class="ahead" data-ahead=${rest?.mid ?? nothing}>
      ${rest ? html`<b>${restText(rest, span, unit)}</b>` : nothing}
      <span>${faredText(laid, span, unit)}</span>
      ${isAhead && newest.isFallback ? t("ahead_fallback") : nothing}
      ${isOld ? html`<iskar-age .at=${newest.issuedAt} .words=${"ahead_age"}></iskar-age>` : nothing}
    </p>`;
}

function restText(rest, span, unit) {
  const amount = rangeText(rough(rest), unit, language());
  if (rest.end === midnight(span.to)) return t(`ahead_rest_${span.period}`, { amount });
  return t("ahead_rest_until", { amount, day: dateText(rest.end - 1, language(), { day: "numeric", month: "long" }) });
}

function faredText(laid, span, unit) {
  const { n, expected, used, within } = fared(laid, now());
  if (!n) return nothing;
  const { amount } = rough({ low: expected, mid: expected, high: expected });
  const scale = scaleFor(Math.min(amount, used), unit); // one for both, so that they can be compared
  const text = (one) => Object.values(quantity(one, unit, language(), scale)).join("\u00a0");
  return t(`ahead_fared_${span.each}`, { n, within, expected: text(amount), used: text(used) });
}
