// SPDX-License-Identifier: EUPL-1.2
/** The register of data sets: whose, on what terms, how complete by year, how fresh. */

import { html, nothing, svg } from "lit";
import { dateText } from "../calendar.js";
import { now } from "../clock.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import { datasets } from "../demand_api.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { ageText, decimal } from "../units.js";
import "../words/building.js";
import "../words/demand.js";

export class Datasets extends Element {
  static properties = { items: { state: true }, error: { state: true } };

  constructor() {
    super();
    this.items = null;
    this.error = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#fetch();
  }

  async #fetch() {
    try {
      this.error = null;
      this.items = await datasets();
    } catch (error) {
      this.error = error;
    }
  }

  render() {
    return html`
      <main id="content" class="page">
        <h1>${t("datasets")}</h1>
        ${this.items ? html`<p class="lead">${t("datasets_lead", { n: this.items.length })}</p>` : nothing}
        ${this.#content()}
      </main>`;
  }

  #content() {
    if (this.items?.length) return html`<ul class="buildings">${this.items.map((one) => html`<li>${dataset(one)}</li>`)}</ul>`;
    if (this.items) return html`<p class="empty card">${t("datasets_none")}</p>`;
    if (!this.error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`<p class="problem card" role="alert">${problemText(this.error)}
      <button class="primary" @click=${() => this.#fetch()}>${t("retry")}</button></p>`;
  }
}
customElements.define("iskar-datasets", Datasets);

const USES = ["water", "gas", "electricity", "heat"];
const LEVELS = ["city", "district", "building", "service_point"];

function dataset({ id, isWeather, name, what, level, source, isOwn, licence, isLate, ageMs, coverage, findings }) {
  const kind = USES.includes(what) ? t(what) : t("weather");
  return html`
    <article class="card dataset ${USES.includes(what) ? `u-${what}` : ""}" data-dataset=${id}>
      <header>
        <span class="building-icon series-icon">${icon(USES.includes(what) ? what : "weather")}</span>
        <span><h2>${named(name)}</h2><small>${kind}${LEVELS.includes(level) ? ` · ${t(`level_${level}`)}` : nothing}${isWeather && what !== "weather" ? ` · ${what}` : nothing}</small></span>
      </header>
      ${coverage.length ? coverage.map(covered) : html`<p class="note">${t("covered_none")}</p>`}
      <p class="dataset-fresh">
        ${isLate === null ? nothing : html`<span class="chip ${isLate ? "chip-offline" : "chip-live"}"><i></i>${t(isLate ? "is_late" : "is_fresh")}</span>`}
        ${ageMs === null ? nothing : html`<span>${t("fresh_age", { age: ageText(now() - ageMs, now(), language()) })}</span>`}
      </p>
      <dl class="terms">
        <div><dt>${t("source")}</dt><dd>${isOwn ? t("source_own") : source ?? t("unknown_terms")}</dd></div>
        <div><dt>${t("licence")}</dt><dd>${licence ?? t("unknown_terms")}</dd></div>
      </dl>
      ${findings.length ? html`
        <details><summary>${t("odd", { n: findings.length })}</summary>
          <ul class="findings">${findings.map((one) => html`<li class="alert-note">${one.explanation}</li>`)}</ul></details>` : nothing}
    </article>`;
}

function covered({ resolution, first, until, share, years }) {
  const day = (at) => dateText(at, language(), { day: "numeric", month: "short", year: "numeric" });
  const words = t("covered", {
    resolution: t(`resolution_${resolution}`), share: pct(share), from: first ? day(first) : "—", until: until ? day(until) : "—",
  });
  return html`
    <div class="covered">
      <p>${words}</p>
      ${years.length ? html`<div class="years" role="img" aria-label=${years.map((one) => `${one.year}: ${pct(one.share)} %`).join(", ")}>
        ${years.map((one) => html`<span title="${one.year}: ${pct(one.share)} %">${bar(one.share)}<small aria-hidden="true">${String(one.year).slice(2)}</small></span>`)}
      </div>` : nothing}
    </div>`;
}

/** In whole per cent, and never 100 where something is missing. */
const pct = (share) => decimal(share < 1 ? Math.min(99, share * 100) : 100, 0, language());

const bar = (share) => html`
  <svg viewBox="0 0 10 28" preserveAspectRatio="none" aria-hidden="true">
    <rect class="bar-ground" width="10" height="28"/>${svg`<rect class="bar-full" y=${28 - share * 28} width="10" height=${share * 28}/>`}
  </svg>`;
