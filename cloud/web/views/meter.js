// SPDX-License-Identifier: EUPL-1.2
/** One meter, down to the readings its figures come from: its register now, a day by hours, its history. */

import { html, nothing } from "lit";
import { registersOf } from "../api.js";
import { addDays, dateText, momentText, offsetText } from "../calendar.js";
import { Ticker } from "../clock.js";
import "../components/age.js";
import { buildingTabs } from "../components/building_tabs.js";
import { connectionChip } from "../components/connection.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import "../components/meter_day.js";
import "../components/meter_hour.js";
import { qualityWords } from "../components/meter_hour.js";
import "../components/meter_said.js";
import "../components/register_dial.js";
import "../components/register_epochs.js";
import { Feed } from "../feed.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { rateOf } from "../rate.js";
import { amountText, exactText, NOTHING } from "../units.js";
import "../words/building.js";
import "../words/meter.js";

export class MeterPage extends Element {
  static properties = { premisesId: {}, servicePointId: {}, day: {}, hungSince: { state: true } };

  /** @type {Feed} */ // from the first update on
  #feed;

  constructor() {
    super();
    this.premisesId = "";
    this.servicePointId = "";
    this.day = null; // "2026-11-20"; null for today
    this.hungSince = null; // since when the meter hangs there
    new Ticker(this, 60_000); // a rate grows old
  }

  willUpdate(changed) {
    if (changed.has("premisesId")) {
      if (this.#feed) {
        this.#feed.hostDisconnected();
        this.removeController(this.#feed);
      }
      this.#feed = new Feed(this, this.premisesId);
    }
    if (changed.has("servicePointId")) this.#askSince(this.servicePointId);
  }

  async #askSince(id) {
    this.hungSince = null;
    try {
      const epochs = await registersOf(id);
      if (id === this.servicePointId) this.hungSince = epochs.at(-1)?.installed_at ?? null;
    } catch (error) {
      console.info("Since when the meter hangs is not known:", error.message);
    }
  }

  render() {
    const { building, state, keptSince, error } = this.#feed;
    const point = building?.service_points.find((one) => one.service_point_id === this.servicePointId);
    return html`
      <main id="content" class="page meter-page">
        <div class="page-top"><a class="back" href="#/premises/${encodeURIComponent(this.premisesId)}">${icon("left")}${building ? named(building.name) : t("meter_back")}</a>
          ${point ? connectionChip(state) : nothing}</div>
        ${point ? this.#header(point, building) : nothing}
        ${buildingTabs(this.premisesId, null)}
        ${keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${keptSince} .words=${"kept_since"}></iskar-age></p>` : nothing}
        ${point ? this.#content(point) : this.#waiting(building, error)}
      </main>`;
  }

  #header({ name, utility }, building) {
    return html`
      <header class="building-header u-${utility}">
        <span class="building-icon">${icon(utility)}</span>
        <div><h1>${named(name)}</h1><p>${named(building.name)}</p></div>
      </header>`;
  }

  #content(point) {
    const day = isDay(this.day) ? this.day : null;
    return html`
      <div class="columns">
        <div class="meter-side">
          ${this.#now(point)}
          <section class="card meter-epochs" aria-labelledby="meter-epochs-title">
            <h2 id="meter-epochs-title">${t("registers")}</h2>
            <iskar-registers .servicePointId=${this.servicePointId} .isFull=${true}></iskar-registers>
          </section>
        </div>
        <iskar-meter-day .premisesId=${this.premisesId} .servicePointId=${this.servicePointId} .utility=${point.utility} .day=${day}></iskar-meter-day>
        <iskar-meter-said .servicePointId=${this.servicePointId}></iskar-meter-said>
      </div>`;
  }

  #now(point) {
    const { utility, register, unit, read_at, received_at, quality, instantaneous, meter, node_id, reading_type } = point;
    const flow = rateOf(point);
    const rows = [
      ["quality", read_at && qualityWords(quality ?? [])],
      ["make_model", meter && `${meter.make} ${meter.model}`],
      ["serial", meter?.serial],
      ["meter_since", this.hungSince && dateText(Date.parse(this.hungSince), language(), { day: "numeric", month: "long", year: "numeric" })],
      ["node", node_id],
      ["reading_type", reading_type],
      ["raw_register", register === null ? null : exactText(register, unit, language())],
      ["read_at", read_at && withOffset(read_at)],
      ["received_at", received_at && withOffset(received_at)],
    ];
    return html`
      <section class="card meter-now u-${utility}" aria-labelledby="meter-now-title" data-service-point=${this.servicePointId}>
        <h2 id="meter-now-title">${t("meter_now")}
          ${flow === null ? nothing : html`<small>${t("now_flow", { amount: amountText(flow, instantaneous.unit, language()) })}</small>`}</h2>
        <iskar-dial .register=${register ?? null} .unit=${unit}></iskar-dial>
        <p class="note">${read_at ? html`<iskar-age .at=${Date.parse(read_at)}></iskar-age>` : t("never_read")}</p>
        <dl class="facts-list">${rows.map(([key, text]) => html`<div data-fact=${key}><dt>${t(key)}</dt><dd>${text || NOTHING}</dd></div>`)}</dl>
      </section>`;
  }

  #waiting(building, error) {
    if (building) return html`<p class="problem card" role="alert">${t("meter_not_found")}</p>`;
    if (!error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`<p class="problem card" role="alert">${problemText(error)}
      <button class="primary" @click=${() => this.#feed.refresh()}>${t("retry")}</button></p>`;
  }
}
customElements.define("iskar-meter-page", MeterPage);

/** Whether an address names a day of the calendar: there is no 31 February. */
function isDay(day) {
  return Boolean(day) && !Number.isNaN(Date.parse(day)) && addDays(day, 0) === day;
}

const withOffset = (at) => `${momentText(Date.parse(at), language())} (UTC${offsetText(Date.parse(at))})`;
