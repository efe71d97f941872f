// SPDX-License-Identifier: EUPL-1.2
/** The self-reading sheet: a day, the client numbers that it shows, and the PDF. */

import { html, nothing } from "lit";
import { dayOf } from "../calendar.js";
import { now } from "../clock.js";
import { language, named, t } from "../language.js";
import { clientNumbersOf, setClientNumber, sheetAddress } from "../papers_api.js";
import { problemText } from "../problem.js";
import "../words/papers.js";
import { Element } from "./element.js";
import { SavingFile } from "./saving_file.js";

export class DialSheet extends Element {
  static properties = {
    premisesId: {}, isOff: { type: Boolean }, day: { state: true }, numbers: { state: true }, said: { state: true }, problem: { state: true },
  };

  #file = new SavingFile(this);

  constructor() {
    super();
    this.premisesId = "";
    this.isOff = false; // no connection
    this.day = dayOf(now());
    this.numbers = []; // of the water meters
    this.said = {}; // by service point: [words, whether it is a problem]
    this.problem = "";
  }

  willUpdate(changed) {
    if (changed.has("premisesId") || (changed.has("isOff") && !this.isOff)) this.#fetch();
  }

  async #fetch() {
    if (this.isOff) return;
    const id = this.premisesId;
    try {
      const all = await clientNumbersOf(id);
      if (id !== this.premisesId) return; // another building's were asked for meanwhile
      this.numbers = all.filter(({ utility }) => utility === "water");
      this.problem = "";
    } catch (error) {
      if (id === this.premisesId) this.problem = problemText(error);
    }
  }

  render() {
    const today = dayOf(now());
    const isWrong = !this.day || this.day > today;
    return html`
      <section class="card paper" aria-labelledby="sheet-title">
        <h2 id="sheet-title">${t("sheet_title")}</h2>
        <p class="note">${t("sheet_lead")}</p>
        ${this.numbers.length ? html`<p class="note">${t("number_lead")}</p>` : nothing}
        ${this.numbers.map((one) => this.#number(one))}
        <p class="problem" role="alert">${this.problem}</p>
        <div class="paper-form">
          <div><label for="sheet-day">${t("sheet_day")}</label>
            <input id="sheet-day" type="date" .value=${this.day} max=${today} aria-invalid=${isWrong} aria-describedby="sheet-day-wrong"
              @change=${(event) => { this.day = event.target.value; }}></div>
        </div>
        <p id="sheet-day-wrong" class="problem" role="alert">${isWrong ? t("sheet_wrong_day") : ""}</p>
        ${this.#file.link(sheetAddress(this.premisesId, this.day, language()), t("papers_save"), { isOff: this.isOff || isWrong })}
      </section>`;
  }

  #number({ servicePointId, name, hasSupplier, number }) {
    const id = `number-${servicePointId}`;
    if (!hasSupplier) return html`<p class="note">${named(name)}: ${t("number_no_supplier")}</p>`;
    const [words, isProblem] = this.said[servicePointId] ?? ["", false];
    return html`
      <form class="client-number" novalidate data-number=${servicePointId} @submit=${(event) => this.#save(event, servicePointId)}>
        <label for=${id}>${t("number_label", { name: named(name) })}</label>
        <input id=${id} name="number" inputmode="numeric" autocomplete="off" maxlength="24" .value=${number ?? ""}
          aria-describedby="${id}-said" aria-invalid=${isProblem}>
        <button class="secondary" type="submit" ?disabled=${this.isOff}>${t("number_save")}</button>
        <p id="${id}-said" role="status">${isProblem ? html`<span class="problem">${words}</span>` : words}</p>
      </form>`;
  }

  async #save(event, servicePointId) {
    event.preventDefault();
    const { number: field } = event.target.elements;
    const typed = field.value.replace(/\s/g, "");
    if (typed && !/^\d{4,20}$/.test(typed)) {
      this.#say(servicePointId, t("number_wrong"), true);
      return field.focus();
    }
    try {
      await setClientNumber(servicePointId, typed);
      this.numbers = this.numbers.map((one) => (one.servicePointId === servicePointId ? { ...one, number: typed } : one));
      this.#say(servicePointId, t("number_saved"), false);
    } catch (error) {
      this.#say(servicePointId, error.status === 403 ? t("number_not_yours") : problemText(error), true);
    }
  }

  #say(servicePointId, words, isProblem) {
    this.said = { ...this.said, [servicePointId]: [words, isProblem] };
  }
}
customElements.define("iskar-dial-sheet", DialSheet);
