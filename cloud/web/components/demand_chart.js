// SPDX-License-Identifier: EUPL-1.2
/** The chart of one series with what it needs fetched: use and forecasts behind, the forecast ahead. */

import { html, nothing } from "lit";
import { attempt } from "../api.js";
import { addDays, dayOf, midnight } from "../calendar.js";
import { now } from "../clock.js";
import { forecastBehind, forecastFile, forecastOf, usedHours } from "../demand_api.js";
import { t } from "../language.js";
import { noForecast } from "./demand_cards.js";
import { Element } from "./element.js";
import "./forecast_chart.js";

const BEHIND_DAYS = 14;
const ZOOMS = { near: 3, hours: BEHIND_DAYS, days: BEHIND_DAYS };
const HOUR_MS = 3_600_000;

export class DemandChart extends Element {
  static properties = { seriesId: {}, unit: {}, limits: {}, zoom: { state: true }, told: { state: true } };

  constructor() {
    super();
    this.seriesId = "";
    this.unit = "";
    this.limits = [];
    this.zoom = matchMedia("(width < 760px)").matches ? "near" : "hours";
    /** @type {{hour?: any, day?: any}} */
    this.told = { hour: undefined, day: undefined };
  }

  willUpdate(changed) {
    if (changed.has("seriesId")) this.told = { hour: undefined, day: undefined };
    if (changed.has("seriesId") || changed.has("zoom")) this.#fetch(this.#resolution);
  }

  get #resolution() {
    return this.zoom === "days" ? "day" : "hour";
  }

  async #fetch(resolution) {
    if (this.told[resolution]) return;
    const id = this.seriesId;
    const today = dayOf(now());
    const [used, ahead, behind] = await Promise.all([
      attempt(usedHours(id, addDays(today, -BEHIND_DAYS), addDays(today, 1))),
      attempt(forecastOf(id, resolution)),
      forecastBehind(id, resolution, BEHIND_DAYS, now()),
    ]);
    if (id === this.seriesId) this.told = { ...this.told, [resolution]: { used, ahead, behind } };
  }

  #again() {
    this.told = { ...this.told, [this.#resolution]: undefined };
    this.#fetch(this.#resolution);
  }

  render() {
    const told = this.told[this.#resolution];
    return html`
      <article class="card chart-card demand-chart" aria-labelledby="demand-chart-title">
        <header>
          <h2 id="demand-chart-title">${t("chart_demand")}<small>${t("chart_demand_sub")}</small></h2>
        </header>
        <div class="tabs" role="group" aria-label=${t("zoom")}>
          ${Object.keys(ZOOMS).map((zoom) => html`
            <button class="tab" data-zoom=${zoom} aria-pressed=${zoom === this.zoom} @click=${() => { this.zoom = zoom; }}>${t(`zoom_${zoom}`)}</button>`)}
        </div>
        ${told ? this.#chart(told) : html`<p class="chart-empty" role="status">${t("loading")}</p>`}
        ${!told || told.ahead.error ? nothing : html`<p class="downloads"><a href=${forecastFile(this.seriesId, "hour")} download>${t("download_hours")}</a>
          <a href=${forecastFile(this.seriesId, "day")} download>${t("download_days")}</a></p>`}
      </article>`;
  }

  #chart({ used, ahead, behind }) {
    const areDays = this.zoom === "days";
    const slots = this.#slots(used, ahead, behind, areDays);
    const error = [used.error, ahead.error].find((one) => one && one.status !== 404 && one.code !== "hours-not-told");
    const failed = error ? html`<p class="problem chart-failed" role="alert">${noForecast(error)} <button class="quiet" @click=${() => this.#again()}>${t("retry")}</button></p>` : nothing;
    if (!slots.some((slot) => slot.mid !== null || (slot.used ?? null) !== null)) {
      if (error) return failed;
      return html`<p class="chart-empty">${ahead.error?.code === "hours-not-told" ? noForecast(ahead.error) : t("chart_none")}</p>`;
    }
    const limits = this.limits.filter((one) => one.isPeak !== areDays).map((one) => one.upper);
    return html`${failed}
      <iskar-forecast-chart .slots=${slots} .unit=${this.unit} .areDays=${areDays} .limits=${limits} .nowMs=${now()}
        .label=${t("chart_demand")}></iskar-forecast-chart>`;
  }

  /** Every hour, or day, once: what was used, and what the last forecast made before it says. */
  #slots(used, ahead, behind, areDays) {
    const hours = used.error ? new Map() : used;
    const slots = new Map();
    if (!areDays) for (const [start, amount] of hours) slots.set(start, { start, end: start + HOUR_MS, low: null, mid: null, high: null, used: amount });
    for (const slot of [...behind, ...(ahead.error ? [] : areDays ? ahead.days : ahead.hours)]) {
      slots.set(slot.start, { ...slot, used: slots.get(slot.start)?.used ?? slot.used });
    }
    if (areDays) addDaysUsed(slots, hours);
    const reach = ZOOMS[this.zoom];
    const [from, to] = [-reach, reach + 1].map((days) => midnight(addDays(dayOf(now()), days)));
    return [...slots.values()].filter((slot) => slot.start >= from && slot.start < to).toSorted((a, b) => a.start - b.start);
  }
}
customElements.define("iskar-demand-chart", DemandChart);

/** Days that are over and known in full, from their hours. */
function addDaysUsed(slots, hours) {
  const sums = new Map();
  for (const [start, amount] of hours) {
    const day = midnight(dayOf(start));
    sums.set(day, amount === null || sums.get(day) === null ? null : (sums.get(day) ?? 0) + amount);
  }
  for (const [start, used] of sums) {
    const end = midnight(addDays(dayOf(start), 1));
    if (end > now()) continue;
    const known = slots.get(start) ?? { start, end, low: null, mid: null, high: null };
    slots.set(start, { ...known, used: known.used ?? used });
  }
}
