// SPDX-License-Identifier: EUPL-1.2
/** One series of use: its chart, tomorrow, what if, how sure, what explains it, what may come, limits. */

import { html, nothing } from "lit";
import { attempt } from "../api.js";
import { addDays, dayOf, momentText } from "../calendar.js";
import { now } from "../clock.js";
import "../components/age.js";
import { accuracyCard, explainCard, noForecast, peakCard, range, scenarioCard } from "../components/demand_cards.js";
import "../components/demand_chart.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import "../components/limits.js";
import "../components/what_if.js";
import { accuracyOf, demandSeries, explanationOf, forecastOf, peakOf, scenarioOf } from "../demand_api.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { amountText } from "../units.js";
import "../words/building.js";
import "../words/demand.js";

const OLD_USAGE_MS = 48 * 3_600_000;
const OLD_FORECAST_MS = 30 * 3_600_000; // one is made each day
const AT_ONCE = { peak: (id) => peakOf(id), accuracy: (id) => accuracyOf(id) };
const STUDIES = { explain: explanationOf, scenario: scenarioOf };

export class DemandSeries extends Element {
  static properties = { seriesId: {}, mayKeep: { type: Boolean }, series: { state: true }, error: { state: true }, parts: { state: true }, limits: { state: true } };

  constructor() {
    super();
    this.seriesId = "";
    this.mayKeep = false; // who may set limits
    this.series = null;
    this.error = null;
    this.parts = {};
    this.limits = [];
  }

  willUpdate(changed) {
    if (changed.has("seriesId")) this.#fetch();
  }

  async #fetch() {
    const id = this.seriesId;
    Object.assign(this, { error: null, parts: {}, limits: [] });
    try {
      this.series = (await demandSeries()).find((one) => one.id === id) ?? null;
      if (!this.series) throw Object.assign(new Error(id), { status: 404 });
    } catch (error) {
      this.error = error;
      return;
    }
    await this.#part("days", () => forecastOf(id, "day"));
    for (const [name, ask] of Object.entries(AT_ONCE)) await this.#part(name, ask);
    await Promise.all(Object.entries(STUDIES).map(([name, ask]) => this.#part(name, ask))); // each may take minutes
  }

  async #part(name, ask) {
    const id = this.seriesId;
    const isWanted = () => this.isConnected && id === this.seriesId;
    const keep = (told) => { if (isWanted()) this.parts = { ...this.parts, [name]: told }; };
    keep(await attempt(ask(id, { isWanted, onWait: () => keep({ isBeingWorkedOut: true }) })));
  }

  /** Limits as they stand now; the peak tells how probably each is passed. */
  #limit(limits) {
    const isChanged = limits.map((one) => one.id).join() !== this.limits.map((one) => one.id).join();
    this.limits = limits;
    if (isChanged && this.parts.peak && !this.parts.peak.error) this.#part("peak", AT_ONCE.peak);
  }

  render() {
    return html`
      <main id="content" class="page">
        <a class="back" href="#/demand">${icon("left")}${t("demand_back")}</a>
        ${this.series ? nothing : html`<h1 class="visually-hidden">${t("demand")}</h1>`}
        ${this.error ? html`<p class="problem card" role="alert">${this.error.status === 404 ? t("series_not_found") : problemText(this.error)}
          <button class="primary" @click=${() => this.#fetch()}>${t("retry")}</button></p>` : nothing}
        ${this.series ? this.#content(this.series) : this.error ? nothing : html`<p class="empty" role="status">${t("loading")}</p>`}
      </main>`;
  }

  #content({ id, name, utility, level, place, unit }) {
    const { days, peak, accuracy, explain, scenario } = this.parts;
    return html`
      <div class="u-${utility} demand-view">
        <header class="building-header">
          <span class="building-icon series-icon">${icon(utility)}</span>
          <div><h1>${named(name)}</h1><p>${t(utility)} · ${t(`level_${level}`)}${place ? ` · ${place}` : nothing}</p></div>
          ${days?.issuedAt ? html`<span class="chip">${t("issued", { when: momentText(days.issuedAt, language()) })}</span>` : nothing}
        </header>
        ${days && !days.error ? this.#doubts(days) : nothing}
        ${this.#tomorrow(days, unit)}
        <iskar-demand-chart .seriesId=${id} .unit=${unit} .limits=${this.limits}></iskar-demand-chart>
        <div class="demand-cards">
          ${peakCard(peak, unit)}
          <iskar-what-if .seriesId=${id}></iskar-what-if>
          ${accuracyCard(accuracy)}
          ${explainCard(explain)}
          ${scenarioCard(scenario)}
          ${this.mayKeep ? html`<iskar-limits .seriesId=${id} .unit=${unit} .typical=${days?.days?.[0]?.mid ?? null} .passed=${peak?.passed ?? []}
            @limits=${(event) => this.#limit(event.detail)}></iskar-limits>` : nothing}
        </div>
      </div>`;
  }

  /** Fallback and stale data, said plainly. */
  #doubts({ isFallback, reason, usageUntil, issuedAt }) {
    const isStale = usageUntil !== null && now() - usageUntil > OLD_USAGE_MS;
    const isOld = now() - issuedAt > OLD_FORECAST_MS;
    if (!isFallback && !isStale && !isOld) return nothing;
    return html`
      <p class="banner-offline" role="status" data-doubt>
        ${isFallback ? `${t("fallback")} ${t(`fallback_${reason}`)} ` : nothing}
        ${isStale ? `${t("stale_usage", { when: momentText(usageUntil, language()) })} ` : nothing}
        ${isOld ? html`<iskar-age .at=${issuedAt} .words=${"stale_forecast"}></iskar-age>` : nothing}
      </p>`;
  }

  #tomorrow(days, unit) {
    if (days === undefined) return nothing;
    const day = days.days?.find((one) => one.day === addDays(dayOf(now()), 1));
    if (!day) {
      return html`<p class="card empty" data-none>${noForecast(days.error)}</p>`;
    }
    const figure = (key, { low, mid, high }) => html`
      <div data-figure=${key}><dt>${t(key)}</dt>
        <dd><b>${amountText(mid, unit, language())}</b><small>${range(low, high, unit)}</small></dd></div>`;
    return html`<dl class="card tomorrow">${figure("tomorrow_total", day)}${figure("tomorrow_peak", day.peak)}
      ${days.usageUntil ? html`<div><dt>${t("use_known")}</dt><dd>${t("until", { when: momentText(days.usageUntil, language()) })}</dd></div>` : nothing}</dl>`;
  }
}
customElements.define("iskar-demand-series", DemandSeries);
