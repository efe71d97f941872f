// SPDX-License-Identifier: EUPL-1.2
/** A bill beside our registers: what stands on it is typed in, what sets it apart comes out. */

import { html, nothing } from "lit";
import { addDays, dayOf } from "../calendar.js";
import { now } from "../clock.js";
import { inOrder } from "../kinds.js";
import { language, named, t } from "../language.js";
import { checkBill } from "../papers_api.js";
import { problemText } from "../problem.js";
import { symbol } from "../units.js";
import "../words/bill_check.js";
import { checkedBill } from "./bill_verdict.js";
import { Element } from "./element.js";

const BILL_UNITS = { ml: "m³", l: "m³", Wh: "kWh" };
const FIGURES = ["start_register", "end_register", "amount", "energy_kwh", "total_eur"];

export class BillCheck extends Element {
  static properties = {
    points: {}, isOff: { type: Boolean }, chosen: { state: true }, found: { state: true },
    wrong: { state: true }, problem: { state: true }, isBusy: { state: true },
  };

  constructor() {
    super();
    this.points = [];
    this.isOff = false; // no connection
    this.chosen = null; // a service point's id
    this.found = null;
    this.wrong = ""; // the name of the field that can't be right
    this.problem = "";
    this.isBusy = false;
  }

  get #point() {
    return this.points.find((one) => one.service_point_id === this.chosen) ?? inOrder(this.points)[0];
  }

  render() {
    const point = this.#point;
    if (!point) return nothing;
    const unit = symbol(BILL_UNITS[point.unit] ?? point.unit, language());
    const today = dayOf(now());
    const first = `${today.slice(0, 7)}-01`;
    return html`
      <section class="card paper" aria-labelledby="check-title">
        <h2 id="check-title">${t("check_title")}</h2>
        <p class="note">${t("check_lead")}</p>
        <form class="paper-form" novalidate @submit=${this.#compare}>
          <div class="paper-whole"><label for="check-point">${t("check_point")}</label>
            <select id="check-point" @change=${(event) => { this.chosen = event.target.value; this.found = null; }}>
              ${inOrder(this.points).map((one) => html`<option value=${one.service_point_id} ?selected=${one === point}>${named(one.name)}</option>`)}</select></div>
          ${this.#day("from", t("check_first"), `${addDays(first, -1).slice(0, 7)}-01`, today)}
          ${this.#day("to", t("check_last"), first, today)}
          ${this.#figure("start_register", t("check_start", { unit }))}
          ${this.#figure("end_register", t("check_end", { unit }))}
          ${this.#figure("amount", t("check_amount", { unit }))}
          ${point.utility === "gas" ? this.#figure("energy_kwh", t("check_energy")) : nothing}
          ${this.#figure("total_eur", t("check_total"))}
          <div class="paper-whole">
            <button class="primary" type="submit" ?disabled=${this.isOff || this.isBusy}>${t("check_go")}</button>
            <p id="check-said" role="alert">${this.problem ? html`<span class="problem">${this.problem}</span>` : nothing}</p>
          </div>
        </form>
        <div aria-live="polite">${this.found ? checkedBill(this.found) : nothing}</div>
      </section>`;
  }

  #day(name, words, day, max) {
    return html`<div><label for="check-${name}">${words}</label>
      <input id="check-${name}" name=${name} type="date" value=${day} max=${max} required aria-describedby="check-said" aria-invalid=${this.wrong === name}></div>`;
  }

  #figure(name, words) {
    return html`<div><label for="check-${name}">${words}</label>
      <input id="check-${name}" name=${name} inputmode="decimal" autocomplete="off" maxlength="14" aria-describedby="check-said" aria-invalid=${this.wrong === name}></div>`;
  }

  async #compare(event) {
    event.preventDefault();
    const form = event.target;
    const typed = Object.fromEntries(FIGURES.map((name) => [name, plain(form.elements[name]?.value ?? "")]));
    const [wrong, words] = wrongOf(typed, form.elements.from.value, form.elements.to.value);
    Object.assign(this, { wrong, problem: words, found: null });
    if (words) return form.elements[wrong]?.focus();
    this.isBusy = true;
    const id = this.#point.service_point_id;
    try {
      const found = await checkBill(id, { from: form.elements.from.value, to: form.elements.to.value, ...typed });
      const billed = Object.fromEntries(Object.entries(typed).map(([name, figure]) => [name, figure ? Number(figure) : null]));
      if (id === this.#point.service_point_id) this.found = { ...found, billed }; // else another meter was chosen meanwhile
    } catch (error) {
      this.problem = error.status === 422 ? t("check_refused") : problemText(error);
    }
    this.isBusy = false;
  }
}
customElements.define("iskar-bill-check", BillCheck);

/** A number as people type it, "1 234,5", as the cloud reads it. */
const plain = (typed) => typed.replace(/\s/g, "").replace(",", ".");

/** The field that can't be meant and why, in words: ["", ""] where all can. */
function wrongOf(typed, from, to) {
  if (!from || !to || from >= to) return ["to", t("papers_wrong_days")];
  for (const [name, figure] of Object.entries(typed)) {
    const places = name === "total_eur" ? 2 : 3;
    if (figure && !new RegExp(`^\\d{1,8}(\\.\\d{1,${places}})?$`).test(figure)) return [name, t("check_wrong_number")];
  }
  return Object.values(typed).some(Boolean) ? ["", ""] : ["start_register", t("check_nothing")];
}
