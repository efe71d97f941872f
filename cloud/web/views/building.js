// SPDX-License-Identifier: EUPL-1.2
/** One building: what runs now, alerts as they come, the month's bill, its use as charts, its meters. */

import { html, nothing } from "lit";
import { isGone } from "../api.js";
import "../components/age.js";
import { isOpen } from "../alert_facts.js";
import "../components/alerts.js";
import { buildingHeader } from "../components/building_header.js";
import { buildingTabs } from "../components/building_tabs.js";
import { connectionChip } from "../components/connection.js";
import "../components/compared.js";
import "../components/expected_bill.js";
import { Element } from "../components/element.js";
import { buildingGone, waitingForReadings } from "../components/first_hour.js";
import { icon } from "../components/icons.js";
import "../components/meters.js";
import "../components/now_strip.js";
import { problemText } from "../problem.js";
import "../components/usage_panel.js";
import { Feed } from "../feed.js";
import { utilitiesOf } from "../kinds.js";
import { t } from "../language.js";
import "../words/alerts.js";
import "../words/building.js";

export class Building extends Element {
  static properties = { premisesId: {} };

  /** @type {Feed} */ // from the first update on
  #feed;

  constructor() {
    super();
    this.premisesId = "";
  }

  willUpdate(changed) {
    if (!changed.has("premisesId")) return;
    if (this.#feed) {
      this.#feed.hostDisconnected();
      this.removeController(this.#feed);
    }
    this.#feed = new Feed(this, this.premisesId);
  }

  render() {
    const { building, state, keptSince, error } = this.#feed;
    return html`
      <main id="content" class="page">
        <div class="page-top"><a class="back" href="#/">${icon("left")}${t("back")}</a>${building ? connectionChip(state) : nothing}</div>
        ${building ? buildingHeader(building) : isGone(error) ? nothing : html`<h1 class="visually-hidden">${t("meters_now")}</h1>`}
        ${(building || error) && !isGone(error) ? buildingTabs(this.premisesId) : nothing}
        ${keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${keptSince} .words=${"kept_since"}></iskar-age></p>` : nothing}
        ${building ? this.#content(building) : this.#waiting(error)}
      </main>`;
  }

  #content({ service_points }) {
    const { alerts } = this.#feed;
    const isQuiet = !alerts.some(isOpen) && service_points.some((point) => point.read_at); // of what was never heard nobody knows
    return html`
      <iskar-now .points=${service_points}></iskar-now>
      <section class="alert-section" aria-labelledby="alerts-title">
        <h2 id="alerts-title" class="visually-hidden">${t("alerts")}</h2>
        ${isQuiet ? html`<p class="quiet-line">${icon("check")}${t("alerts_none")}</p>` : nothing}
        <iskar-alerts .alerts=${alerts} .points=${service_points}
          @changed=${(event) => this.#feed.onAlert(event.detail)}></iskar-alerts>
      </section>
      ${waitingForReadings(service_points)}
      <div class="columns building-columns">
        <div class="spent">
          <iskar-expected-bill .premisesId=${this.premisesId}></iskar-expected-bill>
          <iskar-usage .premisesId=${this.premisesId} .points=${service_points} .utilities=${utilitiesOf(service_points)}></iskar-usage>
          <iskar-compared .premisesId=${this.premisesId}></iskar-compared>
        </div>
        <iskar-meters .premisesId=${this.premisesId} .points=${service_points}></iskar-meters>
      </div>`;
  }

  #waiting(error) {
    if (!error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    if (isGone(error)) return buildingGone();
    return html`<p class="problem card" role="alert">${problemText(error)}
      <button class="primary" @click=${() => this.#feed.refresh()}>${t("retry")}</button></p>`;
  }
}
customElements.define("iskar-building", Building);
