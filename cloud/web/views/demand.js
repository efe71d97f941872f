// SPDX-License-Identifier: EUPL-1.2
/** The series of use that one may see, each with tomorrow's total and highest hour. */

import { html, nothing } from "lit";
import { attempt } from "../api.js";
import { addDays, dayOf, momentText } from "../calendar.js";
import { now } from "../clock.js";
import { noForecast } from "../components/demand_cards.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import { demandSeries, forecastOf } from "../demand_api.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { amountText, spanText } from "../units.js";
import "../words/building.js";
import "../words/demand.js";

const AT_ONCE = 4;

export class Demand extends Element {
  static properties = { items: { state: true }, error: { state: true } };

  constructor() {
    super();
    this.items = null;
    this.error = null;
    this.forecasts = new Map(); // series id: forecast by day, or {error}
  }

  connectedCallback() {
    super.connectedCallback();
    this.#fetch();
  }

  async #fetch() {
    try {
      this.error = null;
      const order = ["city", "district", "building", "service_point"];
      const items = await demandSeries();
      this.items = items.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level) || a.id.localeCompare(b.id));
      await this.#fetchForecasts();
    } catch (error) {
      this.error = error;
    }
  }

  async #fetchForecasts() {
    for (let at = 0; at < this.items.length && this.isConnected; at += AT_ONCE) {
      await Promise.all(this.items.slice(at, at + AT_ONCE).map(async ({ id }) => {
        this.forecasts.set(id, await attempt(forecastOf(id, "day")));
        this.requestUpdate();
      }));
    }
  }

  /** Whether nothing at all has been forecast yet: why is said once then, not on every card. */
  get #hasNone() {
    return this.forecasts.size > 0 && [...this.forecasts.values()].every((one) => one.error?.status === 404);
  }

  render() {
    return html`
      <main id="content" class="page">
        <h1>${t("demand")}</h1>
        <p class="lead">${t("demand_lead")}${this.#hasNone ? ` ${t("no_forecast")} ${t("no_forecast_why")}` : nothing}</p>
        ${this.#content()}
      </main>`;
  }

  #content() {
    if (this.items?.length) return html`<ul class="buildings">${this.items.map((item) => html`<li>${this.#series(item)}</li>`)}</ul>`;
    if (this.items) return html`<p class="empty card">${t("demand_none")}</p>`;
    if (!this.error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`<p class="problem card" role="alert">${problemText(this.error)}
      <button class="primary" @click=${() => this.#fetch()}>${t("retry")}</button></p>`;
  }

  #series({ id, name, utility, level, place, unit }) {
    return html`
      <a class="card building u-${utility}" href="#/demand/${id}" data-series=${id}>
        <header>
          <span class="building-icon series-icon">${icon(utility)}</span>
          <span><h2>${named(name)}</h2><small>${t(utility)} · ${t(`level_${level}`)}${place ? ` · ${place}` : nothing}</small></span>
        </header>
        ${this.#tomorrow(this.forecasts.get(id), unit)}
      </a>`;
  }

  #tomorrow(forecast, unit) {
    if (!forecast) return html`<p class="series-none">${t("loading")}</p>`;
    const tomorrow = addDays(dayOf(now()), 1);
    const day = forecast.days?.find((one) => one.day === tomorrow);
    if (!day) return html`<p class="series-none">${forecast.error?.status === 404 ? t("no_forecast") : noForecast(forecast.error)}</p>`;
    return html`
      <dl class="today series-facts">
        ${fact("tomorrow_total", day, unit)}
        ${fact("tomorrow_peak", day.peak, unit)}
      </dl>
      <p class="series-foot">
        ${forecast.usageUntil ? t("data_until", { when: momentText(forecast.usageUntil, language()) }) : nothing}
        ${forecast.isFallback ? html`<span class="quality">${t("fallback_short")}</span>` : nothing}
      </p>`;
  }
}
customElements.define("iskar-demand", Demand);

const fact = (key, { low, mid, high }, unit) => html`
  <div>
    <dt>${t(key)}</dt>
    <dd><b>${amountText(mid, unit, language())}</b>
      <small>${low === null || high === null ? t("range_none") : spanText(low, high, unit, language())}</small></dd>
  </div>`;
