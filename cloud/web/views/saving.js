// SPDX-License-Identifier: EUPL-1.2
/** What there is to save in a building: what is worth doing, budgets, nights, and two years compared. */

import { html, nothing } from "lit";
import { premises, UnreachableError } from "../api.js";
import { now } from "../clock.js";
import "../components/age.js";
import { buildingHeader } from "../components/building_header.js";
import { buildingTabs } from "../components/building_tabs.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import "../components/saving_budgets.js";
import { actionList, nightList, yearList } from "../components/saving_cards.js";
import { utilitiesOf } from "../kinds.js";
import { t } from "../language.js";
import { problemText } from "../problem.js";
import { savingsOf } from "../saving_api.js";
import { recall, remember } from "../store.js";
import "../words/alerts.js";
import "../words/building.js";
import "../words/saving.js";

const AGAIN_MS = 3000; // while years are being worked out
const MOST_AGAIN = 20; // a minute; who looks longer comes back or reloads

export class Saving extends Element {
  static properties = { premisesId: {}, building: { state: true }, told: { state: true }, keptSince: { state: true }, error: { state: true } };

  #timer;
  #asked = 0;
  #refresh = () => this.#fetch();

  constructor() {
    super();
    this.premisesId = "";
    this.building = null;
    this.told = null;
    this.keptSince = null;
    this.error = null;
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener("online", this.#refresh);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("online", this.#refresh);
    clearTimeout(this.#timer);
  }

  willUpdate(changed) {
    if (!changed.has("premisesId")) return;
    Object.assign(this, { building: null, told: null, keptSince: null, error: null });
    this.#asked = 0;
    this.#fetch();
  }

  async #fetch() {
    clearTimeout(this.#timer);
    const id = this.premisesId;
    try {
      const [building, told] = await Promise.all([premises(id), savingsOf(id)]);
      if (id !== this.premisesId) return;
      Object.assign(this, { building, told, keptSince: null, error: null });
      remember(`saving/${id}`, { building, told }, now());
      this.#askAgain();
    } catch (error) {
      if (id !== this.premisesId) return;
      const kept = recall(`saving/${id}`);
      if (error instanceof UnreachableError && kept) Object.assign(this, { ...kept.content, keptSince: kept.at, error: null });
      else this.error = error;
    }
  }

  #askAgain() {
    if (!this.isConnected || this.told.years.every((one) => one.is_ready) || this.#asked >= MOST_AGAIN) return;
    this.#asked += 1;
    this.#timer = setTimeout(this.#refresh, AGAIN_MS);
  }

  render() {
    return html`
      <main id="content" class="page">
        <a class="back" href="#/">${icon("left")}${t("back")}</a>
        ${buildingHeader(this.building, "tab_saving", this.error ? null : this.premisesId)}
        ${buildingTabs(this.premisesId, "saving")}
        ${this.keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${this.keptSince} .words=${"kept_since"}></iskar-age></p>` : nothing}
        ${this.told && !this.error ? this.#content() : this.#waiting()}
      </main>`;
  }

  #content() {
    const { service_points: points } = this.building;
    const { actions, budgets, mayBudget, nights, years } = this.told;
    const isReady = years.every((one) => one.is_ready);
    return html`
      <div class="saving">
        <section aria-labelledby="actions-title" class="saving-actions">
          <h2 id="actions-title">${t("saving_actions")}</h2>
          ${actions.length ? actionList(actions, this.premisesId, points) : nothing}
          ${!actions.length && isReady ? html`<p class="quiet-line" data-nothing>${icon("check")}${t("saving_nothing")}</p>` : nothing}
          ${isReady ? nothing : html`<p class="note" role="status">${t("saving_still_counting")}</p>`}
        </section>
        <div class="saving-cards">
          ${mayBudget ? html`<section class="card saving-card" aria-labelledby="budgets-title">
            <h2 id="budgets-title">${t("saving_budgets")}</h2>
            <p class="note">${t("saving_budgets_lead")} <a href="#/notices">${t("saving_notices")}</a>.</p>
            <iskar-budgets .premisesId=${this.premisesId} .utilities=${utilitiesOf(points)} .items=${budgets} @changed=${this.#refresh}></iskar-budgets>
          </section>` : nothing}
          ${nights.length ? html`<section class="card saving-card" aria-labelledby="nights-title">
            <h2 id="nights-title">${t("saving_night")}</h2>${nightList(nights)}</section>` : nothing}
          ${years.length ? html`<section class="card saving-card" aria-labelledby="years-title">
            <h2 id="years-title">${t("saving_years")}</h2>${yearList(years)}</section>` : nothing}
        </div>
      </div>`;
  }

  #waiting() {
    if (!this.error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`<p class="problem card" role="alert">${problemText(this.error)}
      <button class="primary" @click=${this.#refresh}>${t("retry")}</button></p>`;
  }
}
customElements.define("iskar-saving", Saving);
