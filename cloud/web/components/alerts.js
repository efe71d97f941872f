// SPDX-License-Identifier: EUPL-1.2
/** The alerts of a building: what happened, since when, how much, what to do; seen, or ordinary after all. */

import { html, nothing } from "lit";
import { acknowledge, labelAlert, RefusedError, resolve } from "../api.js";
import { momentText } from "../calendar.js";
import { now } from "../clock.js";
import { Gas } from "../gas.js";
import { alertKindOf, isOfMeter, ordinaryUsesOf } from "../kinds.js";
import { language, named, t } from "../language.js";
import { amountText, euroText, NOTHING, rangeText } from "../units.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";

const ML_PER_L = 1000;

export const isOpen = ({ state }) => state !== "resolved";
const needsSeeing = ({ state }) => state === "raised" || state === "reopened";

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
    const open = this.alerts.filter(isOpen);
    const over = this.alerts.filter((alert) => !isOpen(alert));
    return html`
      <div role="alert" class="visually-hidden">${open.filter(needsSeeing).map((alert) => this.#title(alert)).join(". ")}</div>
      ${open.length ? html`<ul class="alerts alerts-open">${open.map((alert) => this.#alert(alert))}</ul>` : nothing}
      ${this.failure ? html`<p class="problem" role="alert">${this.failure}</p>` : nothing}
      ${over.length ? html`
        <details class="card alerts-over">
          <summary>${t("alerts")}: ${t("resolved")} (${over.length})</summary>
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
        <dl class="facts">${this.#facts(alert).map(([key, text]) => html`<div><dt>${t(key)}</dt><dd>${text}</dd></div>`)}</dl>
        ${isOpen(alert) ? html`<p>${t(`explain_${this.#kind(alert, "other")}`)} ${t(isOfMeter(alert) ? "clears_meter" : "clears_use")}</p>` : nothing}
        ${alert.label ? html`
          <p class="alert-label">${t("labelled", { use: t(`ordinary_${alert.label}`) })} ${t("ordinary_note")}
            <button class="quiet" ?disabled=${isSaving} @click=${() => this.#change(alert, () => labelAlert(alert.alert_id, null))}>${t("undo")}</button></p>` : nothing}
        <div class="alert-foot">
          ${needsSeeing(alert) ? html`
            <button class="primary" ?disabled=${isSaving} @click=${() => this.#change(alert, () => acknowledge(alert.alert_id))}>
              ${t(isSaving ? "acknowledging" : "acknowledge")}</button>` : nothing}
          ${isOpen(alert) ? html`
            <button class="quiet" data-act="resolve" ?disabled=${isSaving} @click=${() => this.#change(alert, () => resolve(alert.alert_id))}>
              ${t("resolve")}</button>` : nothing}
          ${alert.label || isOfMeter(alert) ? nothing : this.#ordinary(alert, isSaving)}
          <details>
            <summary>${t("how_found")}</summary>
            <p class="alert-note">${alert.explanation ?? NOTHING} ${t("confidence", { n: alert.confidence ?? NOTHING })}</p>
            ${alert.ordinary_use ? html`<p class="alert-note">${t("why_not_ordinary", { why: alert.ordinary_use })}</p>` : nothing}
            ${alert.clears_when ? html`<p class="alert-note">${t("clears_when", { when: alert.clears_when })}</p>` : nothing}
          </details>
        </div>
      </li>`;
  }

  #ordinary(alert, isSaving) {
    return html`
      <details class="alert-ordinary">
        <summary>${t("is_ordinary")}</summary>
        <p class="alert-note">${t("ordinary_note")}</p>
        <div class="choices">${ordinaryUsesOf(this.#known(alert)).map((use) => html`
          <button class="quiet" data-use=${use} ?disabled=${isSaving} @click=${() => this.#change(alert, () => labelAlert(alert.alert_id, use))}>
            ${t(`ordinary_${use}`)}</button>`)}</div>
      </details>`;
  }

  #pointOf(alert) {
    return this.points.find((point) => point.service_point_id === alert.service_point_id);
  }

  /** The alert with its utility, which one kept on the phone by an earlier release doesn't have. */
  #known(alert) {
    return { ...alert, utility: alert.utility ?? this.#pointOf(alert)?.utility };
  }

  #kind(alert, unknown) {
    return alertKindOf(this.#known(alert), unknown);
  }

  #title(alert) {
    return t(this.#kind(alert, "other_alert"));
  }

  #facts(alert) {
    const point = this.#pointOf(alert);
    const cost = euroText(alert.cost_eur, language());
    const isPower = (alert.flow_w ?? null) !== null;
    const isOver = !isOpen(alert);
    const lost = isPower ? (isOver ? "energy" : "energy_so_far") : isOver ? "volume" : "volume_so_far";
    return [
      point && ["where", named(point.name)],
      ["since", momentText(Date.parse(alert.started_at), language())],
      !isOfMeter(alert) && [isPower ? "power" : "flow", flowOf(alert)],
      !isOfMeter(alert) && [lost, this.#lost(alert)],
      cost && !isOfMeter(alert) && ["cost", cost],
    ].filter(Boolean);
  }

  #lost(alert) {
    const { energy_wh, volume_l } = alert;
    if ((energy_wh ?? null) !== null) return amountText(energy_wh, "Wh", language());
    if (this.#known(alert).utility === "gas") return this.#gas.text(gasOf(alert));
    return amountText(volume_l === null ? null : volume_l * ML_PER_L, "ml", language());
  }

  /** Save what somebody says of an alert, and show it as it is then. */
  async #change(alert, save) {
    this.saving = alert.alert_id;
    this.failure = null;
    try {
      this.dispatchEvent(new CustomEvent("changed", { detail: await save() }));
    } catch (error) {
      const reason = error instanceof RefusedError ? error.message : t("unreachable");
      this.failure = t("acknowledge_failed", { reason });
    }
    this.saving = null;
  }
}

const gasOf = ({ premises_id, service_point_id, volume_l, started_at, resolved_at }) => ({
  premisesId: premises_id, servicePointId: service_point_id, litres: volume_l,
  since: Date.parse(started_at), until: resolved_at ? Date.parse(resolved_at) : now(),
});

function flowOf({ flow_l_per_h, flow_low_l_per_h, flow_high_l_per_h, flow_w, flow_low_w, flow_high_w }) {
  return (flow_w ?? null) === null
    ? rangeText({ amount: flow_l_per_h, low: flow_low_l_per_h, high: flow_high_l_per_h }, "l/h", language())
    : rangeText({ amount: flow_w, low: flow_low_w, high: flow_high_w }, "W", language());
}
customElements.define("iskar-alerts", AlertList);
