// SPDX-License-Identifier: EUPL-1.2
/** What tomorrow would use were it warmer or colder: a button for each step of temperature. */

import { html, nothing } from "lit";
import { attempt } from "../api.js";
import { whatIf } from "../demand_api.js";
import { language, t } from "../language.js";
import { decimal, quantity, scaleFor } from "../units.js";
import { card, missing } from "./demand_cards.js";
import { Element } from "./element.js";

const STEPS_C = [-10, -5, -3, -1, 1, 3, 5, 10];

export class WhatIf extends Element {
  static properties = { seriesId: {}, deltaC: { state: true }, told: { state: true } };

  constructor() {
    super();
    this.seriesId = "";
    this.deltaC = null;
    this.told = null;
  }

  willUpdate(changed) {
    if (changed.has("seriesId")) Object.assign(this, { deltaC: null, told: null });
  }

  async #ask(deltaC) {
    this.deltaC = deltaC;
    this.told = undefined;
    const id = this.seriesId;
    const isWanted = () => this.isConnected && this.seriesId === id && this.deltaC === deltaC;
    const keep = (told) => { if (isWanted()) this.told = told; }; // else another button was pressed meanwhile
    keep(await attempt(whatIf(id, deltaC, { isWanted, onWait: () => keep({ isBeingWorkedOut: true }) })));
  }

  render() {
    return html`
      ${card("what_if", {}, () => html`
        <div class="tabs" role="group" aria-label=${t("what_if_group")}>
          ${STEPS_C.map((step) => html`
            <button class="tab" data-delta=${step} aria-pressed=${step === this.deltaC} @click=${() => this.#ask(step)}>${degrees(step)}</button>`)}
        </div>
        <div aria-live="polite">${this.#answer()}</div>`)}`;
  }

  #answer() {
    if (this.told === null) return html`<p class="note">${t("what_if_pick")}</p>`;
    if (this.told === undefined) return html`<p class="note">${t("loading")}</p>`;
    if (this.told.isBeingWorkedOut) return html`<p class="note" data-waiting>${t("part_waiting")}</p>`;
    if (this.told.error) return html`<p class="note">${missing(this.told.error)}</p>`;
    const { base, changed, difference, unit } = this.told;
    const scale = scaleFor(Math.max(base, changed), unit); // so that the difference can be set against both
    const amount = (one) => Object.values(quantity(one, unit, language(), scale)).join("\u00a0");
    const signed = (one) => `${one > 0 ? "+" : ""}${amount(one)}`;
    return html`
      <p class="figure"><b>${signed(difference.mid)}</b></p>
      <p>${t("what_if_words", { delta: degrees(this.deltaC), change: change(changed - base, base), amount: amount(changed), base: amount(base) })}
        ${difference.low === null ? nothing : t("what_if_range", { low: signed(difference.low), high: signed(difference.high) })}</p>`;
  }
}
customElements.define("iskar-what-if", WhatIf);

const degrees = (step) => `${step > 0 ? "+" : "−"}${Math.abs(step)} °C`;

function change(more, base) {
  const pct = base ? Math.abs(more / base * 100) : 0;
  if (pct < 0.05) return t("as_much");
  return t(more > 0 ? "more_by" : "less_by", { pct: decimal(pct, 1, language()) });
}
