// SPDX-License-Identifier: EUPL-1.2
/** What there is to save in a building: what is worth doing, budgets, nights, and two years compared. */

import { html, nothing } from "lit";
import { premises } from "../api.js";
import "../components/age.js";
import { Asked } from "../components/asked.js";
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
import "../words/alerts.js";
import "../words/building.js";
import "../words/saving.js";

const AGAIN_MS = 3000; // while years are being worked out
const MOST_AGAIN = 20; // a minute; who looks longer comes back or reloads

export class Saving extends Element {
  static properties = { premisesId: {} };

  #asked = new Asked(this); // {building, told}
  #timer;
  #times = 0; // how often it was asked while years were being worked out

  constructor() {
    super();
    this.premisesId = "";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  willUpdate(changed) {
    if (!changed.has("premisesId")) return;
    const id = this.premisesId;
    this.#times = 0;
    this.#asked.turnTo(async () => {
      clearTimeout(this.#timer);
      const [building, told] = await Promise.all([premises(id), savingsOf(id)]);
      if (id === this.premisesId) this.#askAgain(told);
      return { building, told };
    }, `saving/${id}`);
  }

  #askAgain({ years }) {
    if (!this.isConnected || years.every((one) => one.is_ready) || this.#times >= MOST_AGAIN) return;
    this.#times += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#asked.refresh, AGAIN_MS);
  }

  render() {
    const { content, keptSince, isGone } = this.#asked;
    return html`
      <main id="content" class="page">
        <a class="back" href="#/">${icon("left")}${t("back")}</a>
        ${buildingHeader(content?.building, "tab_saving", isGone ? null : this.premisesId)}
        ${buildingTabs(this.premisesId, "saving")}
        ${keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${keptSince} .words=${"kept_since"}></iskar-age></p>` : nothing}
        ${content ? this.#content(content) : this.#waiting()}
      </main>`;
  }

  #content({ building: { service_points: points }, told: { actions, budgets, mayBudget, nights, years } }) {
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
            <iskar-budgets .premisesId=${this.premisesId} .utilities=${utilitiesOf(points)} .items=${budgets} @changed=${this.#asked.refresh}></iskar-budgets>
          </section>` : nothing}
          ${nights.length ? html`<section class="card saving-card" aria-labelledby="nights-title">
            <h2 id="nights-title">${t("saving_night")}</h2>${nightList(nights)}</section>` : nothing}
          ${years.length ? html`<section class="card saving-card" aria-labelledby="years-title">
            <h2 id="years-title">${t("saving_years")}</h2>${yearList(years)}</section>` : nothing}
        </div>
      </div>`;
  }

  #waiting() {
    const { error, refresh } = this.#asked;
    if (!error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`<p class="problem card" role="alert">${problemText(error)}
      <button class="primary" @click=${refresh}>${t("retry")}</button></p>`;
  }
}
customElements.define("iskar-saving", Saving);
