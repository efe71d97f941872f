// SPDX-License-Identifier: EUPL-1.2
/** Ten years of use by the hour, to zoom into and to move over, with a sentence and a table by year. */

import { html, nothing } from "lit";
import { UnreachableError } from "../api.js";
import { addDays, dateText, dayOf } from "../calendar.js";
import { now } from "../clock.js";
import { language, t } from "../language.js";
import { byYear, HOUR_S, layOut, usageColumns } from "../long_usage.js";
import { problemText } from "../problem.js";
import { amountText, decimal, scaleFor, symbol } from "../units.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";
import { drawLong, highest } from "./long_draw.js";
import { Moves } from "./long_moves.js";
import "../words/long_chart.js";

const YEARS = 10;
const ZOOM = 2;
const darkness = matchMedia("(prefers-color-scheme: dark)");
const FRESH_MS = 600_000;

export class LongChart extends Element {
  static properties = { premisesId: {}, utility: {}, label: {}, exchanges: {}, kept: {}, laid: { state: true }, problem: { state: true } };

  /** @type {(import("uplot") & {laid: any, look: string}) | null} */
  #plot = null;
  #observed = null;
  #years = [];
  #moves = new Moves((from, to) => this.#redraw(from, to), () => this.#settle());
  #resized = new ResizeObserver(() => this.#draw());
  #recolored = () => this.#draw();

  constructor() {
    super();
    this.premisesId = "";
    this.utility = "";
    this.label = "";
    this.exchanges = []; // [{at}] in ms
    this.kept = new Map(); // the host's, what was laid out since it came: {laid, years, atMs}
    this.laid = undefined; // not known yet; null: there is nothing
    this.problem = null;
  }

  connectedCallback() {
    super.connectedCallback();
    darkness.addEventListener("change", this.#recolored);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    darkness.removeEventListener("change", this.#recolored);
    this.#forget();
  }

  willUpdate(changed) {
    if (changed.has("premisesId") || changed.has("utility")) this.#load();
  }

  async #load() {
    const key = `${this.premisesId}/${this.utility}`;
    const isMine = () => key === `${this.premisesId}/${this.utility}`;
    this.problem = null;
    const before = this.kept.get(key);
    if (before) this.#take(before);
    else this.laid = undefined;
    if (before && now() - before.atMs < FRESH_MS) return;
    const today = dayOf(now());
    try {
      const from = `${Number(today.slice(0, 4)) - YEARS}${today.slice(4)}`.replace("-02-29", "-03-01");
      const columns = await usageColumns(this.premisesId, { utility: this.utility, from, to: addDays(today, 1) });
      const laid = await layOut(columns, now() / 1000);
      this.kept.set(key, { laid, years: laid ? byYear(laid) : [], atMs: now() });
      if (isMine()) this.#take(this.kept.get(key));
    } catch (error) {
      if (isMine() && !before) this.problem = error instanceof UnreachableError ? t("usage_offline") : problemText(error);
    }
  }

  #take({ laid, years }) {
    this.laid = laid;
    this.#years = years;
    if (!laid) return;
    this.#moves.setBounds(laid.firstS, laid.startS + laid.hours * HOUR_S);
  }

  render() {
    if (this.problem) {
      return html`<div class="chart-empty" role="alert"><p>${this.problem}</p><button @click=${() => this.#load()}>${t("retry")}</button></div>`;
    }
    if (!this.laid) return html`<p class="chart-empty" role="status">${t(this.laid === null ? "total_none" : "loading")}</p>`;
    const sentence = this.#sentence();
    return html`
      <figure class="chart long-chart" data-hours=${this.laid.hours}>
        <p class="chart-words">${sentence}</p>
        <div class="long-bar">
          <p class="long-window" role="status"></p>
          ${this.#button("left", "long_back", () => this.#moves.pan(-0.5))}
          ${this.#button("right", "long_on", () => this.#moves.pan(0.5))}
          ${this.#button("minus", "long_out", () => this.#moves.zoom(1 / ZOOM))}
          ${this.#button("plus", "long_in", () => this.#moves.zoom(ZOOM))}
          <button class="long-all" @click=${() => this.#moves.showAll()}>${t("long_all")}</button>
        </div>
        <div class="plot long-plot" tabindex="0" role="img" aria-label="${this.label}. ${sentence} ${t("long_help")}"
          @keydown=${this.#moves.onKey} @pointerdown=${this.#moves.onDown} @pointermove=${this.#moves.onMove}
          @pointerup=${this.#moves.onUp} @pointercancel=${this.#moves.onUp} @wheel=${{ handleEvent: this.#moves.onWheel, passive: false }}></div>
        <p class="legend long-legend">
          <span><i class="swatch swatch-range"></i>${t("long_range")}</span><span><i class="swatch swatch-mean"></i>${t("long_mean")}</span>
          <span><i class="swatch swatch-estimated"></i>${t("legend_estimated")}</span><span><i class="swatch swatch-missing"></i>${t("legend_missing")}</span>
          ${this.exchanges.length ? html`<span><i class="swatch swatch-exchange"></i>${t("legend_exchange")}</span>` : nothing}
        </p>
        ${this.laid.isByDay ? html`<p class="note">${t("long_by_day")}</p>` : nothing}
        ${this.#table()}
      </figure>`;
  }

  #button(sign, words, act) {
    return html`<button class="round" aria-label=${t(words)} title=${t(words)} @click=${act}>${icon(sign)}</button>`;
  }

  #sentence() {
    const known = this.#years.filter(({ usage }) => usage !== null);
    const total = known.reduce((sum, { usage }) => sum + usage, 0);
    const most = known.reduce((one, other) => (other.usage > one.usage ? other : one));
    const missing = this.#years.reduce((sum, year) => sum + year.missing, 0);
    const words = [t("long_total", { from: dateText(this.laid.firstS * 1000, language(), { month: "long", year: "numeric" }), amount: this.#amount(total) })];
    if (known.length > 1) words.push(t("long_most", { year: most.year, amount: this.#amount(most.usage) }));
    if (missing) words.push(t("hours_missing", { n: missing }));
    return words.join(" ");
  }

  #amount = (usage) => amountText(usage, this.laid.unit, language());

  #table() {
    return html`
      <details class="chart-table">
        <summary>${t("as_table")}</summary>
        <table>
          <thead><tr><th scope="col">${t("long_year")}</th><th scope="col">${t("amount")}</th><th scope="col">${t("state")}</th></tr></thead>
          <tbody>${this.#years.map(({ year, usage, estimated, missing }) => html`
            <tr><th scope="row">${year}</th><td>${this.#amount(usage)}</td>
              <td>${[missing ? t("hours_missing", { n: missing }) : "", estimated ? t("hours_estimated", { n: estimated }) : ""].filter(Boolean).join(" ") || t("state_known")}</td></tr>`)}</tbody>
        </table>
      </details>`;
  }

  updated() {
    this.#draw();
  }

  #draw() {
    const element = this.querySelector(".long-plot");
    if (!element) return this.#forget();
    if (this.#observed !== element) this.#resized.observe(element); // anew for the same one, it would tell at once, for ever
    this.#observed = element;
    const look = [element.clientWidth, darkness.matches, language(), ...this.exchanges.map(({ at }) => at)].join();
    if (!element.clientWidth || this.#plot?.laid === this.laid && this.#plot?.look === look) return;
    this.#plot?.destroy();
    const [from, to] = this.#moves.window;
    const scale = scaleFor(this.laid.peak, this.laid.unit);
    const plot = drawLong(element, {
      laid: this.laid, from, to, exchanges: this.exchanges.map(({ at }) => at / 1000), language: language(),
      figureOf: (amount) => decimal(amount / scale.per, 2, language()), unit: t("long_per_hour", { unit: symbol(scale.unit, language()) }),
    });
    this.#plot = Object.assign(plot, { laid: this.laid, look });
    this.#redraw(from, to);
    this.#settle();
    performance.mark("iskar-long-chart-drawn");
  }

  #redraw(from, to) {
    const plot = this.#plot;
    if (!plot) return;
    const most = highest(this.laid, from, to, plot.bbox.width || plot.width) * 1.05;
    plot.batch(() => {
      plot.setScale("x", { min: from, max: to });
      plot.setScale("y", { min: 0, max: most });
    });
  }

  /** Say which days are seen; not through render(), which would make all the figures anew. */
  #settle() {
    const place = this.querySelector(".long-window");
    if (!place || !this.laid) return;
    const [from, to] = this.#moves.window;
    const options = { day: "numeric", month: "short", year: "numeric" };
    place.textContent = `${dateText(from * 1000, language(), options)} – ${dateText(to * 1000 - 1, language(), options)}`;
  }

  #forget() {
    this.#moves.stop();
    this.#resized.disconnect();
    this.#observed = null;
    this.#plot?.destroy();
    this.#plot = null;
  }
}
customElements.define("iskar-long-chart", LongChart);
