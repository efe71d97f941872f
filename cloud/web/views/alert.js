// SPDX-License-Identifier: EUPL-1.2
/** One alert: what it costs, what to do, why it is one, what has happened, and what a person says of it. */

import { html, nothing } from "lit";
import { factsOf, isOpen, known, titleOf } from "../alert_facts.js";
import { alertInFull } from "../alerts_api.js";
import { premises, UnreachableError } from "../api.js";
import { momentText } from "../calendar.js";
import { now, Ticker } from "../clock.js";
import "../components/age.js";
import "../components/alert_actions.js";
import { history, safety, steps, why } from "../components/alert_why.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import { isOfMeter } from "../kinds.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { recall, remember } from "../store.js";
import { euroText } from "../units.js";
import "../words/alert_pages.js";

const REFRESH_MS = 30_000; // gateways tell more of an open alert every few minutes

export class AlertPage extends Element {
  static properties = {
    alertId: {}, alert: { state: true }, building: { state: true }, keptSince: { state: true }, isGone: { state: true }, error: { state: true },
  };

  #timer;
  #refresh = () => this.#fetch();

  constructor() {
    super();
    this.alertId = "";
    this.#clear();
    new Ticker(this, 60_000);
  }

  #clear() {
    this.alert = null;
    this.building = null; // null: its name is not known, which stops nobody
    this.keptSince = null;
    this.isGone = false;
    this.error = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#timer = setInterval(() => {
      if (!document.hidden) this.#fetch();
    }, REFRESH_MS);
    addEventListener("online", this.#refresh);
    document.addEventListener("visibilitychange", this.#refresh);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    removeEventListener("online", this.#refresh);
    document.removeEventListener("visibilitychange", this.#refresh);
  }

  willUpdate(changed) {
    if (!changed.has("alertId")) return;
    this.#clear();
    this.#fetch();
  }

  async #fetch() {
    const id = this.alertId;
    try {
      const alert = await alertInFull(id);
      const building = alert && (this.building ?? await buildingOf(alert.premises_id));
      if (id !== this.alertId) return; // another address was asked for meanwhile
      this.isGone = alert === null;
      Object.assign(this, { alert, building, error: null, keptSince: null });
      if (alert) remember(`alert/${id}`, { alert, building }, now());
    } catch (error) {
      if (id === this.alertId) this.#fallBack(error);
    }
  }

  #fallBack(error) {
    const kept = recall(`alert/${this.alertId}`);
    if (error instanceof UnreachableError && kept) {
      this.alert ??= kept.content.alert;
      this.building ??= kept.content.building;
      this.keptSince = kept.at;
    } else {
      this.error = error;
    }
  }

  /** Show at once what an action answered, and ask for the history it made. */
  #changed({ detail }) {
    this.alert = { ...this.alert, ...detail };
    this.#fetch();
  }

  render() {
    return html`
      <main id="content" class="page alert-page">
        ${this.building && !this.isGone
          ? html`<a class="back" href="#/premises/${encodeURIComponent(this.alert.premises_id)}">${icon("left")}${named(this.building.name)}</a>`
          : html`<a class="back" href="#/alerts">${icon("left")}${t("alertpage_back")}</a>`}
        ${this.keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${this.keptSince} .words=${"alertpage_kept"}></iskar-age></p>` : nothing}
        ${this.#content()}
      </main>`;
  }

  #content() {
    if (this.alert) return this.#alert({ hours: [], history: [], ...known(this.alert, this.#point) });
    if (this.isGone) return html`<h1>${t("alertpage_all")}</h1><p class="empty card" role="status">${t("alertpage_gone")}</p>`;
    if (!this.error) return html`<h1 class="visually-hidden">${t("alertpage_all")}</h1><p class="empty" role="status">${t("loading")}</p>`;
    return html`<h1>${t("alertpage_all")}</h1><p class="problem card" role="alert">${problemText(this.error)}
      <button class="primary" @click=${this.#refresh}>${t("retry")}</button></p>`;
  }

  get #point() {
    return this.building?.service_points.find((point) => point.service_point_id === this.alert.service_point_id);
  }

  #alert(alert) {
    return html`
      <header class="alert-head alert-${alert.state}">
        <span class="alert-icon">${icon(isOpen(alert) ? "alert" : "check")}</span>
        <h1>${titleOf(alert, this.#point)}</h1><span class="badge badge-${alert.state}">${t(alert.state)}</span>
      </header>
      ${safety(alert)}
      <div class="alert-columns">
        <div>
          ${this.#costs(alert)}
          <iskar-alert-actions .alert=${alert} .point=${this.#point ?? null} @changed=${this.#changed} @outdated=${this.#refresh}></iskar-alert-actions>
          ${isOpen(alert) ? steps(alert) : nothing}
        </div>
        <div>${why(alert)}${history(alert.history)}</div>
      </div>`;
  }

  #costs(alert) {
    const facts = factsOf(alert, this.#point).filter(([key]) => key !== "cost");
    const cost = euroText(alert.cost_eur, language());
    return html`
      <section class="card alert-part" aria-label=${titleOf(alert, this.#point)}>
        ${isOfMeter(alert) ? nothing : html`
          <p class="alert-cost">${cost ? html`${t(isOpen(alert) ? "alertpage_cost" : "alertpage_cost_over")} <b>${cost}</b>` : t("alertpage_no_price")}</p>`}
        <dl class="facts">${[...facts, ["alertpage_confidence", `${alert.confidence}\u00a0%`]].map(([key, text]) => html`<div><dt>${t(key)}</dt><dd>${text}</dd></div>`)}</dl>
        <p class="note">${t("alertpage_as_of", { when: momentText(Date.parse(alert.reported_at), language()) })}</p>
      </section>`;
  }
}
customElements.define("iskar-alert", AlertPage);

async function buildingOf(premisesId) {
  try {
    const { name, service_points } = await premises(premisesId);
    return { name, service_points: service_points.map(({ service_point_id, name: called, utility }) => ({ service_point_id, name: called, utility })) };
  } catch (error) {
    console.info("The building of the alert is not known:", error.message);
    return null;
  }
}
