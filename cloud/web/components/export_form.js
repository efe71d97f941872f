// SPDX-License-Identifier: EUPL-1.2
/** What is to be exported: of what, which days, how fine, as which kind of file. */

import { html } from "lit";
import { addDays, dayOf } from "../calendar.js";
import { now } from "../clock.js";
import { inOrder } from "../kinds.js";
import { language, named, t } from "../language.js";
import { exportAddress } from "../papers_api.js";
import "../words/papers.js";
import { Element } from "./element.js";
import { SavingFile } from "./saving_file.js";

const WHAT = ["day", "hour", "month", "readings"];
const FORMATS = ["csv", "parquet", "senml"];
const MAX_READING_DAYS = 366; // as the cloud has it

export class ExportForm extends Element {
  static properties = { premisesId: {}, points: {}, isOff: { type: Boolean }, wanted: { state: true } };

  #file = new SavingFile(this);

  constructor() {
    super();
    this.premisesId = "";
    this.points = [];
    this.isOff = false; // no connection
    const today = dayOf(now());
    this.wanted = { servicePointId: "", from: `${today.slice(0, 7)}-01`, to: today, what: "day", format: "csv" };
  }

  render() {
    const { servicePointId, from, to, what, format } = this.wanted;
    const problem = this.#problem();
    const end = to && addDays(to, 1);
    const kind = what === "readings" ? { what } : { what: "usage", resolution: what };
    const address = exportAddress(this.premisesId, { servicePointId, from, to: end, ...kind, format });
    return html`
      <section class="card paper" aria-labelledby="export-title">
        <h2 id="export-title">${t("export_title")}</h2>
        <div class="paper-form">
          ${this.#choice("servicePointId", t("papers_of"), [["", t("export_all")], ...inOrder(this.points).map((one) => [one.service_point_id, named(one.name)])])}
          ${this.#choice("what", t("export_what"), WHAT.map((one) => [one, t(`export_${one}`)]))}
          ${this.#day("from", t("papers_from"), problem)}
          ${this.#day("to", t("papers_to"), problem)}
          ${this.#choice("format", t("export_format"), FORMATS.map((one) => [one, t(`export_${one}`)]))}
        </div>
        <p id="export-said" role="alert">${problem ? html`<span class="problem">${problem}</span>` : ""}</p>
        ${this.#file.link(address, t("export_save"), { isOff: this.isOff || Boolean(problem) })}
        <p class="note" lang=${language()}>${t("export_days")}</p>
      </section>`;
  }

  #problem() {
    const { from, to, what } = this.wanted;
    if (!from || !to || from > to) return t("papers_wrong_days");
    return what === "readings" && addDays(from, MAX_READING_DAYS) <= to ? t("papers_too_long") : "";
  }

  #choice(name, words, options) {
    return html`<div><label for="export-${name}">${words}</label>
      <select id="export-${name}" @change=${(event) => this.#choose(name, event)}>
        ${options.map(([key, shown]) => html`<option value=${key} ?selected=${this.wanted[name] === key}>${shown}</option>`)}</select></div>`;
  }

  #day(name, words, problem) {
    return html`<div><label for="export-${name}">${words}</label>
      <input id="export-${name}" type="date" .value=${this.wanted[name]} aria-invalid=${Boolean(problem)} aria-describedby="export-said"
        @change=${(event) => this.#choose(name, event)}></div>`;
  }

  #choose(name, event) {
    this.wanted = { ...this.wanted, [name]: event.target.value };
  }
}
customElements.define("iskar-export-form", ExportForm);
