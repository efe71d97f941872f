// SPDX-License-Identifier: EUPL-1.2
/** A chart of use with its meaning in words and the same as a table. */

import { html, nothing } from "lit";
import { momentText } from "../calendar.js";
import { language, t } from "../language.js";
import { amountText, decimal, quantity, scaleFor, symbol } from "../units.js";
import { summarise } from "../usage.js";
import { drawBars } from "./bars.js";
import { Element } from "./element.js";

const darkness = matchMedia("(prefers-color-scheme: dark)");

export class UsageChart extends Element {
  static properties = { filled: {}, unit: {}, slotText: {}, axisText: {}, each: {}, label: {}, ahead: {}, at: { state: true }, isTabled: { state: true } };

  /** @type {import("uplot") | null} */
  #plot = null;
  #resized = new ResizeObserver(() => this.#drawSoon());
  #drawing = 0;
  #recolored = () => this.#drawSoon();

  constructor() {
    super();
    this.filled = [];
    this.unit = "";
    this.slotText = (_slot) => ""; // words for a slot: "07:00–08:00"
    this.axisText = () => ""; // a short label under it: "07"
    this.each = "hours"; // or "days", "months": which words count the slots
    this.label = "";
    this.ahead = null; // what it shows of the forecast, see ahead.js
    this.at = null; // the slot pointed at
    this.isTabled = false; // the table was asked for: most people never do, and a phone takes long to make it
  }

  connectedCallback() {
    super.connectedCallback();
    darkness.addEventListener("change", this.#recolored);
    if (this.hasUpdated) this.#watch(); // put back after a sign-in
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    darkness.removeEventListener("change", this.#recolored);
    this.#resized.disconnect();
    clearTimeout(this.#drawing);
    this.#drawing = 0;
    this.#plot?.destroy();
    this.#plot = null;
  }

  render() {
    const summary = summarise(this.filled);
    const words = this.#words(summary);
    return html`
      <figure class="chart" data-bars=${this.filled.length} data-known=${summary.known}
        data-estimated=${summary.estimated} data-missing=${summary.missing} data-total=${summary.total ?? ""}>
        <div class="chart-words"><p class="chart-total">${this.#total(summary)}</p><p>${words}</p>${this.ahead?.words}</div>
        <div class="plot" tabindex="0" role="img" aria-label="${this.label}. ${this.#totalWords(summary)}. ${words} ${t("chart_help")}"
          @keydown=${this.#step} @pointerleave=${() => this.#point(null)} @blur=${() => this.#point(null)}></div>
        <div class="chart-foot">
          <p class="pointed" aria-live="polite">${this.filled[this.at] ? this.#slotWords(this.filled[this.at]) : nothing}</p>
          <p class="legend">
            ${summary.estimated ? html`<span><i class="swatch swatch-estimated"></i>${t("legend_estimated")}</span>` : nothing}
            ${summary.missing ? html`<span><i class="swatch swatch-missing"></i>${t("legend_missing")}</span>` : nothing}
            ${this.#hasThen ? html`<span><i class="swatch swatch-then"></i>${t("year_ago")}</span>` : nothing}
            ${this.filled.some(({ exchanges }) => exchanges?.length) ? html`<span><i class="swatch swatch-exchange"></i>${t("legend_exchange")}</span>` : nothing}
            ${this.ahead?.legend}
          </p>
        </div>
        <details class="chart-table" @toggle=${({ target }) => { this.isTabled ||= target.open; }}>
          <summary>${t("as_table")}</summary>
          ${this.isTabled ? this.#table() : nothing}
        </details>
      </figure>`;
  }

  get #hasThen() {
    return this.filled.some(({ then }) => (then ?? null) !== null);
  }

  #total(summary) {
    const { figure, unit } = quantity(summary.total, this.unit, language());
    return html`<b>${figure}</b> ${unit} ${summary.total === null ? nothing : this.#when(summary)}`;
  }

  #totalWords(summary) {
    return `${amountText(summary.total, this.unit, language())} ${this.#when(summary)}`;
  }

  #when(summary) {
    return t(summary.pending || summary.running ? "total_so_far" : "total");
  }

  #words(summary) {
    if (summary.total === null) return t("total_none");
    const sentences = [];
    if (summary.peak) {
      sentences.push(t("peak", {
        when: this.slotText(summary.peak), amount: amountText(summary.peak.usage, this.unit, language()),
      }));
    }
    for (const state of ["missing", "estimated"]) {
      if (summary[state]) sentences.push(t(`${this.each}_${state}`, { n: summary[state] }));
    }
    for (const { at, before, after } of this.filled.flatMap((slot) => slot.exchanges ?? [])) {
      sentences.push(t("exchanged", { when: momentText(at, language()), before, after }));
    }
    return sentences.join(" ");
  }

  #slotWords(slot) {
    const state = slot.state === "known" ? "" : ` (${t(`state_${slot.state}`)})`;
    const then = (slot.then ?? null) === null ? "" : `, ${t("year_ago_amount", { amount: amountText(slot.then, this.unit, language()) })}`;
    return html`<span>${this.slotText(slot)}</span> <b>${amountText(slot.usage, this.unit, language())}</b>${state}${then}${this.ahead?.slotWords(slot)}`;
  }

  #table() {
    const hasThen = this.#hasThen;
    return html`
      <table>
        <thead><tr><th scope="col">${t("period")}</th><th scope="col">${t("amount")}</th>
          ${hasThen ? html`<th class="then" scope="col">${t("year_ago")}</th>` : nothing}${this.ahead?.head}<th scope="col">${t("state")}</th></tr></thead>
        <tbody>${this.filled.map((slot) => html`
          <tr data-state=${slot.state}>
            <th scope="row">${this.slotText(slot)}</th>
            <td>${amountText(slot.usage, this.unit, language())}</td>
            ${hasThen ? html`<td class="then">${amountText(slot.then, this.unit, language())}</td>` : nothing}
            ${this.ahead?.cell(slot)}
            <td>${t(`state_${slot.state}`)}${slot.exchanges?.length ? `, ${t("exchanged_here")}` : ""}</td>
          </tr>`)}</tbody>
      </table>`;
  }

  updated(changed) {
    if (changed.size === 1 && changed.has("at")) this.#plot?.redraw(false);
    else this.#drawSoon();
  }

  firstUpdated() {
    this.#watch();
  }

  #watch() {
    this.#resized.observe(this.querySelector(".plot"));
  }

  /** In a task of its own, once for all that asks for it: the words around the chart are painted first. */
  #drawSoon() {
    this.#drawing ||= setTimeout(() => {
      this.#drawing = 0;
      this.#draw();
    });
  }

  #draw() {
    const element = this.querySelector(".plot");
    if (!element?.clientWidth || !this.filled.length) return;
    this.#plot?.destroy();
    const largest = Math.max(this.ahead?.highest ?? 0, ...this.filled.map((slot) => Math.max(slot.usage ?? 0, slot.then ?? 0)));
    const scale = scaleFor(largest, this.unit);
    this.#plot = drawBars(element, {
      filled: this.filled,
      labels: this.filled.map(this.axisText),
      figureOf: (amount) => decimal(amount / scale.per, 2, language()),
      unit: symbol(scale.unit, language()),
      onPoint: (at) => this.#point(at ?? null),
      selected: () => this.at,
      ahead: this.ahead,
    });
  }

  #point(at) {
    this.at = at;
  }

  #step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const last = this.filled.length - 1;
    this.#point(this.at === null ? (by > 0 ? 0 : last) : Math.min(last, Math.max(0, this.at + by)));
  }
}
customElements.define("iskar-chart", UsageChart);
