// SPDX-License-Identifier: EUPL-1.2
/** A chart of use against its forecast, with its meaning in words and the same as a table. */

import { html, nothing } from "lit";
import { dateText, hourText } from "../calendar.js";
import { language, t } from "../language.js";
import { amountText, decimal, NOTHING, quantity, scaleFor, spanText, symbol } from "../units.js";
import { drawBand } from "./band.js";
import { Element } from "./element.js";

const darkness = matchMedia("(prefers-color-scheme: dark)");
const DAY_MS = 24 * 3_600_000;
const [LEAST_HOURS, LEAST_DAYS] = [48, 7]; // a share of fewer says nothing of nine times of ten

export class ForecastChart extends Element {
  static properties = {
    slots: {}, unit: {}, areDays: { type: Boolean }, limits: {}, nowMs: {}, label: {},
    at: { state: true }, isOpen: { state: true },
  };

  /** @type {import("uplot") | null} */
  #plot = null;
  #resized = new ResizeObserver(() => this.#draw());
  #recolored = () => this.#draw();

  constructor() {
    super();
    this.slots = []; // Slot[], in order of time
    this.unit = "";
    this.areDays = false;
    this.limits = []; // amounts
    this.nowMs = 0;
    this.label = "";
    this.at = null; // the slot pointed at
    this.isOpen = false; // the table: hundreds of rows that few look at
  }

  connectedCallback() {
    super.connectedCallback();
    darkness.addEventListener("change", this.#recolored);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    darkness.removeEventListener("change", this.#recolored);
    this.#resized.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  render() {
    const words = this.#words();
    const pointed = this.slots[this.at];
    return html`
      <figure class="chart forecast-chart" data-slots=${this.slots.length} data-used=${this.slots.filter(isUsed).length}
        data-ahead=${this.slots.filter((slot) => slot.start >= this.nowMs).length}>
        <p class="forecast-words">${words}</p>
        <p class="axis-unit" aria-hidden="true">${t(this.areDays ? "per_day" : "per_hour", { unit: symbol(this.#scale().unit, language()) })}</p>
        <div class="plot" tabindex="0" role="img" aria-label="${this.label}. ${words} ${t("chart_demand_help")}"
          @keydown=${this.#step} @pointerleave=${() => this.#point(null)} @blur=${() => this.#point(null)}></div>
        <div class="chart-foot">
          <p class="pointed" aria-live="polite">${pointed ? this.#slotWords(pointed) : nothing}</p>
          <p class="legend">
            <span><i class="stroke stroke-used"></i>${t("legend_used")}</span>
            ${this.slots.some((slot) => slot.mid !== null) ? html`<span><i class="stroke stroke-forecast"></i>${t("legend_forecast")}</span>` : nothing}
            ${this.slots.some((slot) => slot.low !== null) ? html`<span><i class="swatch swatch-band"></i>${t("legend_band")}</span>` : nothing}
            ${this.limits.length === 0 ? nothing : html`<span><i class="stroke stroke-limit"></i>${t("legend_limit")}</span>`}
          </p>
        </div>
        <details class="chart-table" @toggle=${(event) => { this.isOpen = event.target.open; }}>
          <summary>${t("as_table")}</summary>
          ${this.isOpen ? this.#table() : nothing}
        </details>
      </figure>`;
  }

  #words() {
    const ahead = this.slots.filter((slot) => slot.end > this.nowMs && slot.mid !== null
      && (this.areDays || slot.start < this.nowMs + DAY_MS));
    const most = ahead.reduce((best, slot) => (slot.mid > (best?.mid ?? -1) ? slot : best), null);
    const told = this.slots.filter((slot) => isUsed(slot) && slot.low !== null && slot.high !== null);
    const held = told.filter((slot) => slot.used >= slot.low && slot.used <= slot.high).length;
    return [
      most && t(this.areDays ? "demand_chart_days" : "demand_chart_words", { when: this.#slotText(most), amount: this.#text(most.mid) }),
      told.length >= (this.areDays ? LEAST_DAYS : LEAST_HOURS) && t("held", { share: decimal(held / told.length * 100, 0, language()) }),
    ].filter(Boolean).join(" ");
  }

  #text = (amount) => amountText(amount, this.unit, language());

  #slotText(slot) {
    if (this.areDays) return dateText(slot.start, language(), { weekday: "short", day: "numeric", month: "long" });
    return `${dateText(slot.start, language(), { weekday: "short", day: "numeric", month: "short" })}, ${hourText(slot.start)}`;
  }

  #slotWords({ low, mid, high, used, ...slot }) {
    const parts = [];
    if (mid !== null) {
      const ranged = low !== null && high !== null;
      parts.push(t(ranged ? "pointed_forecast" : "pointed_mid", { mid: this.#text(mid), range: ranged ? spanText(low, high, this.unit, language()) : "" }));
    }
    if ((used ?? null) !== null) parts.push(t("pointed_used", { amount: this.#text(used) }));
    return html`<span>${this.#slotText(slot)}</span> <b>${parts.join("; ") || NOTHING}</b>`;
  }

  #table() {
    return html`
      <table class="figures">
        <thead><tr>${["when", "used", "expected", "lowest", "highest"].map((key) => html`<th scope="col">${t(key)}</th>`)}</tr></thead>
        <tbody>${this.slots.map((slot) => html`
          <tr><th scope="row">${this.#slotText(slot)}</th>
            ${[slot.used, slot.mid, slot.low, slot.high].map((amount) => html`<td>${this.#text(amount)}</td>`)}</tr>`)}</tbody>
      </table>`;
  }

  updated(changed) {
    if (changed.size === 1 && changed.has("at")) this.#plot?.redraw(false);
    else if (!(changed.size === 1 && changed.has("isOpen"))) this.#draw();
  }

  firstUpdated() {
    this.#resized.observe(this.querySelector(".plot"));
  }

  /** One scale for the whole chart, that of its largest amount. */
  #scale() {
    return scaleFor(Math.max(0, ...this.slots.flatMap((slot) => [slot.high ?? 0, slot.mid ?? 0, slot.used ?? 0])), this.unit);
  }

  #draw() {
    const element = this.querySelector(".plot");
    if (!element?.clientWidth || !this.slots.length) return;
    this.#plot?.destroy();
    const scale = this.#scale();
    this.#plot = drawBand(element, {
      slots: this.slots, areDays: this.areDays, limits: this.limits, nowMs: this.nowMs, nowText: t("chart_now"),
      figureOf: (amount) => quantity(amount, this.unit, language(), scale).figure,
      onPoint: (at) => this.#point(at ?? null),
      selected: () => this.at,
    });
  }

  #point(at) {
    this.at = at;
  }

  #step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const last = this.slots.length - 1;
    const begin = Math.max(0, this.slots.findIndex((slot) => slot.end > this.nowMs));
    this.#point(this.at === null ? begin : Math.min(last, Math.max(0, this.at + by)));
  }
}
customElements.define("iskar-forecast-chart", ForecastChart);

const isUsed = ({ used }) => (used ?? null) !== null;
