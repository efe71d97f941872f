// SPDX-License-Identifier: EUPL-1.2
/** One alert: what it costs, what to do, why it is one, what has happened, and what a person says of it. */

import { html, nothing } from "lit";
import { factsOf, isOpen, known, titleOf } from "../alert_facts.js";
import { Gas } from "../gas.js";
import { alertInFull } from "../alerts_api.js";
import { premises } from "../api.js";
import { momentText } from "../calendar.js";
import { Ticker } from "../clock.js";
import "../components/age.js";
import { Asked } from "../components/asked.js";
import "../components/alert_actions.js";
import { history, safety, steps, why } from "../components/alert_why.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import { isOfMeter } from "../kinds.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { euroText } from "../units.js";
import "../words/alert_pages.js";

const REFRESH_MS = 30_000; // gateways tell more of an open alert every few minutes

export class AlertPage extends Element {
  static properties = { alertId: {} };

  #asked = new Asked(this, null, null, REFRESH_MS);
  #gas = new Gas(this);

  constructor() {
    super();
    this.alertId = "";
    new Ticker(this, 60_000);
  }

  willUpdate(changed) {
    if (!changed.has("alertId")) return;
    const id = this.alertId;
    let building = null; // null: its name is not known, which stops nobody
    this.#asked.turnTo(async () => {
      const alert = await alertInFull(id);
      building ??= alert && await buildingOf(alert.premises_id);
      return alert && { alert, building };
    }, `alert/${id}`);
  }

  /** Show at once what an action answered, and ask for the history it made. */
  #changed({ detail }) {
    const { content } = this.#asked;
    this.#asked.replace(content && { ...content, alert: { ...content.alert, ...detail } });
  }

  render() {
    const { content, keptSince } = this.#asked;
    return html`
      <main id="content" class="page alert-page">
        ${content?.building
          ? html`<a class="back" href="#/premises/${encodeURIComponent(content.alert.premises_id)}">${icon("left")}${named(content.building.name)}</a>`
          : html`<a class="back" href="#/alerts">${icon("left")}${t("alertpage_back")}</a>`}
        ${keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${keptSince} .words=${"alertpage_kept"}></iskar-age></p>` : nothing}
        ${this.#content()}
      </main>`;
  }

  #content() {
    const { content, isGone, error, refresh } = this.#asked;
    if (content) {
      const point = content.building?.service_points.find((one) => one.service_point_id === content.alert.service_point_id);
      return this.#alert({ hours: [], history: [], ...known(content.alert, point) }, point);
    }
    if (isGone) return html`<h1>${t("alertpage_all")}</h1><p class="empty card" role="status">${t("alertpage_gone")}</p>`;
    if (!error) return html`<h1 class="visually-hidden">${t("alertpage_all")}</h1><p class="empty" role="status">${t("loading")}</p>`;
    return html`<h1>${t("alertpage_all")}</h1><p class="problem card" role="alert">${problemText(error)}
      <button class="primary" @click=${refresh}>${t("retry")}</button></p>`;
  }

  #alert(alert, point) {
    return html`
      <header class="alert-head alert-${alert.state}">
        <span class="alert-icon">${icon(isOpen(alert) ? "alert" : "check")}</span>
        <h1>${titleOf(alert, point)}</h1><span class="badge badge-${alert.state}">${t(alert.state)}</span>
      </header>
      ${safety(alert)}
      <div class="alert-columns">
        <div>
          ${this.#costs(alert, point)}
          <iskar-alert-actions .alert=${alert} .point=${point ?? null} @changed=${this.#changed} @outdated=${this.#asked.refresh}></iskar-alert-actions>
          ${isOpen(alert) ? steps(alert) : nothing}
        </div>
        <div>${why(alert, this.#gas)}${history(alert.history)}</div>
      </div>`;
  }

  #costs(alert, point) {
    const facts = factsOf(alert, point, this.#gas).filter(([key]) => key !== "cost");
    const cost = euroText(alert.cost_eur, language());
    return html`
      <section class="card alert-part" aria-label=${titleOf(alert, point)}>
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
