// SPDX-License-Identifier: EUPL-1.2
/** Papers of one building: a month's report, the sheet of dials, exports, a bill beside our registers. */

import { html, nothing } from "lit";
import { premises, UnreachableError } from "../api.js";
import { dateText, dayOf, midnight } from "../calendar.js";
import { now } from "../clock.js";
import "../components/bill_check.js";
import { buildingHeader } from "../components/building_header.js";
import { buildingTabs } from "../components/building_tabs.js";
import "../components/dial_sheet.js";
import { Element } from "../components/element.js";
import "../components/export_form.js";
import { icon } from "../components/icons.js";
import { SavingFile } from "../components/saving_file.js";
import { language, t } from "../language.js";
import { reportAddress } from "../papers_api.js";
import { problemText } from "../problem.js";
import { recall } from "../store.js";
import "../words/building.js";
import "../words/papers.js";

const MONTHS = 24; // that a report is offered of

export class Papers extends Element {
  static properties = {
    premisesId: {}, building: { state: true }, isOff: { state: true }, error: { state: true }, month: { state: true },
  };

  #file = new SavingFile(this);

  constructor() {
    super();
    this.premisesId = "";
    this.building = null;
    this.isOff = false; // no connection: the building is the one remembered
    this.error = null;
    this.month = monthsBack(now())[1]; // the last whole one
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener("online", this.#again);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("online", this.#again);
  }

  #again = () => this.#fetch();

  willUpdate(changed) {
    if (!changed.has("premisesId")) return;
    Object.assign(this, { building: null, isOff: false, error: null });
    this.#fetch();
  }

  async #fetch() {
    const id = this.premisesId;
    try {
      const building = await premises(id);
      if (id === this.premisesId) Object.assign(this, { building, isOff: false, error: null });
    } catch (error) {
      if (id !== this.premisesId) return;
      const kept = error instanceof UnreachableError ? recall(`premises/${id}`)?.content.building : null;
      Object.assign(this, kept ? { building: kept, isOff: true, error: null } : { building: null, error });
    }
  }

  render() {
    const { building, error } = this;
    return html`
      <main id="content" class="page">
        <a class="back" href="#/">${icon("left")}${t("back")}</a>
        ${buildingHeader(building, "tab_papers", error ? null : this.premisesId)}
        ${buildingTabs(this.premisesId, "papers")}
        ${building ? this.#content(building) : this.#waiting(error)}
      </main>`;
  }

  #content({ service_points: points }) {
    return html`
      ${this.isOff ? html`<p class="banner-offline" role="status">${t("papers_offline")}</p>` : nothing}
      <div class="papers">
        <div>
          ${this.#report()}
          <iskar-bill-check .points=${points} .isOff=${this.isOff}></iskar-bill-check>
        </div>
        <div>
          ${points.some(({ utility }) => utility === "water") ? html`<iskar-dial-sheet .premisesId=${this.premisesId} .isOff=${this.isOff}></iskar-dial-sheet>` : nothing}
          <iskar-export-form .premisesId=${this.premisesId} .points=${points} .isOff=${this.isOff}></iskar-export-form>
        </div>
      </div>`;
  }

  #report() {
    return html`
      <section class="card paper" aria-labelledby="report-title">
        <h2 id="report-title">${t("report_title")}</h2>
        <p class="note">${t("report_lead")}</p>
        <div class="paper-form">
          <div><label for="report-month">${t("report_month")}</label>
            <select id="report-month" @change=${(event) => { this.month = event.target.value; }}>
              ${monthsBack(now()).map((month, index) => html`<option value=${month} ?selected=${month === this.month}>${index ? monthText(month) : t("report_running", { month: monthText(month) })}</option>`)}</select></div>
        </div>
        ${this.#file.link(reportAddress(this.premisesId, this.month, language()), t("papers_save"), { isOff: this.isOff })}
      </section>`;
  }

  #waiting(error) {
    if (!error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`
      <p class="problem card" role="alert">${problemText(error)}
        <button class="primary" @click=${() => this.#fetch()}>${t("retry")}</button></p>`;
  }
}
customElements.define("iskar-papers", Papers);

/** This month and those before it, "2026-11" first. */
function monthsBack(nowMs) {
  const [year, month] = dayOf(nowMs).split("-").map(Number);
  return Array.from({ length: MONTHS }, (_, back) => new Date(Date.UTC(year, month - 1 - back, 1)).toISOString().slice(0, 7));
}

const monthText = (month) => dateText(midnight(`${month}-01`), language(), { month: "long", year: "numeric" });
