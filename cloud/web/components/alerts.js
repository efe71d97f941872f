// SPDX-License-Identifier: EUPL-1.2
/** The alerts of a building: what happened, since when, how much, what to do, and "I have seen it". */

import { html, nothing } from "lit";
import { acknowledge, RefusedError } from "../api.js";
import { momentText } from "../calendar.js";
import { language, named, t } from "../language.js";
import { amountText, NOTHING } from "../units.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";

const KINDS = ["continuous_flow", "burst"];
const ML_PER_L = 1000;

export class AlertList extends Element {
  static properties = { alerts: {}, points: {}, saving: { state: true }, failure: { state: true } };

  constructor() {
    super();
    this.alerts = [];
    this.points = [];
    this.saving = null;
    this.failure = null;
  }

  render() {
    const open = this.alerts.filter((alert) => alert.state !== "cleared");
    const over = this.alerts.filter((alert) => alert.state === "cleared");
    return html`
      <div role="alert" class="visually-hidden">${open.filter((alert) => alert.state === "raised").map((alert) => this.#title(alert)).join(". ")}</div>
      ${open.length ? html`<ul class="alerts alerts-open">${open.map((alert) => this.#alert(alert))}</ul>` : nothing}
      ${this.failure ? html`<p class="problem" role="alert">${this.failure}</p>` : nothing}
      ${over.length ? html`
        <details class="card alerts-over">
          <summary>${t("alerts")}: ${t("cleared")} (${over.length})</summary>
          <ul class="alerts">${over.map((alert) => this.#alert(alert))}</ul>
        </details>` : nothing}`;
  }

  #alert(alert) {
    const isOpen = alert.state !== "cleared";
    return html`
      <li class="alert alert-${alert.state}" data-alert=${alert.alert_id} data-state=${alert.state}>
        <header>
          <span class="alert-icon">${icon(isOpen ? "alert" : "check")}</span>
          <h3>${this.#title(alert)}</h3><span class="badge badge-${alert.state}">${t(alert.state)}</span>
        </header>
        <dl class="facts">${this.#facts(alert).map(([key, text]) => html`<div><dt>${t(key)}</dt><dd>${text}</dd></div>`)}</dl>
        ${isOpen ? html`<p>${t(`explain_${this.#kind(alert, "other")}`)}</p>` : nothing}
        <div class="alert-foot">
          ${alert.state === "raised" ? html`
            <button class="primary" ?disabled=${this.saving === alert.alert_id} @click=${() => this.#acknowledge(alert)}>
              ${t(this.saving === alert.alert_id ? "acknowledging" : "acknowledge")}</button>` : nothing}
          <details>
            <summary>${t("how_found")}</summary>
            <p class="alert-note">${alert.explanation ?? NOTHING} ${t("confidence", { n: alert.confidence ?? NOTHING })}</p>
          </details>
        </div>
      </li>`;
  }

  #pointOf(alert) {
    return this.points.find((point) => point.service_point_id === alert.service_point_id);
  }

  /** Key of the words for its kind, which differ for gas; `unknown` where it is none of ours. */
  #kind(alert, unknown) {
    if (!KINDS.includes(alert.kind)) return unknown;
    return this.#pointOf(alert)?.utility === "gas" ? `${alert.kind}_gas` : alert.kind;
  }

  #title(alert) {
    return t(this.#kind(alert, "other_alert"));
  }

  #facts(alert) {
    const point = this.#pointOf(alert);
    const [perUnit, unit] = point?.utility === "gas" ? [1, "l"] : [ML_PER_L, "ml"];
    const { flow_l_per_h, volume_l, started_at, state } = alert;
    return [
      point && ["where", named(point.name)],
      ["since", momentText(Date.parse(started_at), language())],
      ["flow", amountText(flow_l_per_h, "l/h", language())],
      [state === "cleared" ? "volume" : "volume_so_far", amountText(volume_l === null ? null : volume_l * perUnit, unit, language())],
    ].filter(Boolean);
  }

  async #acknowledge(alert) {
    this.saving = alert.alert_id;
    this.failure = null;
    try {
      const changed = await acknowledge(alert.alert_id);
      this.dispatchEvent(new CustomEvent("acknowledged", { detail: changed }));
    } catch (error) {
      const reason = error instanceof RefusedError ? error.message : t("unreachable");
      this.failure = t("acknowledge_failed", { reason });
    }
    this.saving = null;
  }
}
customElements.define("iskar-alerts", AlertList);
