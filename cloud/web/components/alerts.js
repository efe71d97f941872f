// SPDX-License-Identifier: EUPL-1.2
/** The alerts of a building: what happened, since when, how much, what to do; seen, or ordinary after all. */

import { html, nothing } from "lit";
import { acknowledge, labelAlert, resolve } from "../api.js";
import { factsOf, isOpen, known, needsSeeing, titleOf } from "../alert_facts.js";
import { Gas } from "../gas.js";
import { alertKindOf, isOfMeter, ordinaryUsesOf } from "../kinds.js";
import { t } from "../language.js";
import { problemText } from "../problem.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";

export class AlertList extends Element {
  static properties = { alerts: {}, points: {}, saving: { state: true }, failure: { state: true } };

  #gas = new Gas(this);

  constructor() {
    super();
    this.alerts = [];
    this.points = [];
    this.saving = null;
    this.failure = null;
  }

  render() {
    const open = this.alerts.filter(isOpen).toSorted((a, b) => Number(needsSeeing(b)) - Number(needsSeeing(a)));
    const over = this.alerts.filter((alert) => !isOpen(alert));
    return html`
      <div role="alert" class="visually-hidden">${open.filter(needsSeeing).map((alert) => this.#title(alert)).join(". ")}</div>
      ${open.length ? html`<ul class="alerts alerts-open">${open.map((alert) => this.#alert(alert))}</ul>` : nothing}
      ${this.failure ? html`<p class="problem" role="alert">${this.failure}</p>` : nothing}
      ${over.length ? html`
        <details class="card alerts-over">
          <summary>${t("alerts_over", { n: over.length })}</summary>
          <ul class="alerts">${over.map((alert) => this.#alert(alert))}</ul>
        </details>` : nothing}`;
  }

  #alert(alert) {
    const isSaving = this.saving === alert.alert_id;
    return html`
      <li class="alert alert-${alert.state}" data-alert=${alert.alert_id} data-state=${alert.state} data-label=${alert.label ?? nothing}>
        <header>
          <span class="alert-icon">${icon(isOpen(alert) ? "alert" : "check")}</span>
          <h3>${this.#title(alert)}</h3><span class="badge badge-${alert.state}">${t(alert.state)}</span>
        </header>
        <dl class="facts">${factsOf(alert, this.#pointOf(alert), this.#gas).map(([key, text]) => html`<div><dt>${t(key)}</dt><dd>${text}</dd></div>`)}</dl>
        ${alert.label ? html`
          <p class="alert-label">${t("labelled", { use: t(`ordinary_${alert.label}`) })} ${t("ordinary_note")}
            <button class="quiet" ?disabled=${isSaving} @click=${() => this.#change(alert, () => labelAlert(alert.alert_id, null))}>${t("undo")}</button></p>` : nothing}
        <div class="alert-acts">
          ${needsSeeing(alert) ? html`
            <button class="primary" ?disabled=${isSaving} @click=${() => this.#change(alert, () => acknowledge(alert.alert_id))}>
              ${t(isSaving ? "acknowledging" : "acknowledge")}</button>` : nothing}
          ${isOpen(alert) ? html`
            <button class="quiet bordered" data-act="resolve" ?disabled=${isSaving} @click=${() => this.#change(alert, () => resolve(alert.alert_id))}>
              ${t("resolve")}</button>` : nothing}
          <a class="alert-more" href="#/alerts/${encodeURIComponent(alert.alert_id)}" aria-label="${t("alert_more")}: ${this.#title(alert)}">${t("alert_more")}${icon("right")}</a>
        </div>
        ${isOpen(alert) ? html`<p>${t(`explain_${this.#kind(alert, "other")}`)}</p>` : nothing}
        ${alert.label || isOfMeter(alert) ? nothing : html`<div class="alert-foot">${this.#ordinary(alert, isSaving)}</div>`}
      </li>`;
  }

  #ordinary(alert, isSaving) {
    return html`
      <details class="alert-ordinary">
        <summary>${t("is_ordinary")}</summary>
        <p class="alert-note">${t("ordinary_note")}</p>
        <div class="choices">${ordinaryUsesOf(known(alert, this.#pointOf(alert))).map((use) => html`
          <button class="quiet" data-use=${use} ?disabled=${isSaving} @click=${() => this.#change(alert, () => labelAlert(alert.alert_id, use))}>
            ${t(`ordinary_${use}`)}</button>`)}</div>
      </details>`;
  }

  #pointOf(alert) {
    return this.points.find((point) => point.service_point_id === alert.service_point_id);
  }

  #kind(alert, unknown) {
    return alertKindOf(known(alert, this.#pointOf(alert)), unknown);
  }

  #title(alert) {
    return titleOf(alert, this.#pointOf(alert));
  }

  /** Save what somebody says of an alert, and show it as it is then. */
  async #change(alert, save) {
    this.saving = alert.alert_id;
    this.failure = null;
    try {
      this.dispatchEvent(new CustomEvent("changed", { detail: await save() }));
    } catch (error) {
      const isOver = error.code === "alert-resolved";
      this.failure = isOver ? t("alertpage_over_already") : t("acknowledge_failed", { reason: problemText(error) });
    }
    this.saving = null;
  }
}

customElements.define("iskar-alerts", AlertList);
