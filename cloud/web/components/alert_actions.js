// SPDX-License-Identifier: EUPL-1.2
/** What a person may say of an alert: seen, later, mended, ordinary after all; and what came of it. */

import { html, nothing } from "lit";
import { acknowledge, labelAlert, resolve, UnreachableError } from "../api.js";
import { isOpen, known, needsSeeing } from "../alert_facts.js";
import { snooze } from "../alerts_api.js";
import { momentText } from "../calendar.js";
import { isOfMeter, ordinaryUsesOf } from "../kinds.js";
import { language, t } from "../language.js";
import { problemText } from "../problem.js";
import { Element } from "./element.js";

const SNOOZES = [[24, "alertpage_day"], [72, "alertpage_days"], [168, "alertpage_week"]]; // hours

const when = (at) => momentText(Date.parse(at), language());

export class AlertActions extends Element {
  static properties = { alert: {}, point: {}, saving: { state: true }, did: { state: true }, failure: { state: true } };

  constructor() {
    super();
    this.alert = null;
    this.point = null; // where it is, if known
    this.saving = null; // the name of what is being saved
    this.did = null; // [key, fields] of what was done last
    this.failure = null;
  }

  render() {
    const { alert } = this;
    return html`
      <section class="card alert-actions" aria-labelledby="alert-acts">
        <h2 id="alert-acts" class="visually-hidden">${t("alertpage_acts")}</h2>
        <p role="status" tabindex="-1" class="alert-did">${this.did ? t(...this.did()) : nothing}</p>
        ${this.failure ? html`<p class="problem" role="alert">${this.failure()}</p>` : nothing}
        ${alert.snoozed_until ? html`<p class="alert-label">${t("alertpage_snoozed", { when: when(alert.snoozed_until) })}
          ${this.#button("wake", "alertpage_wake", () => acknowledge(alert.alert_id), () => ["alertpage_did_wake"])}</p>` : nothing}
        ${alert.label ? html`<p class="alert-label">${t("labelled", { use: t(`ordinary_${alert.label}`) })} ${t("ordinary_note")}
          ${this.#button("undo", "undo", () => labelAlert(alert.alert_id, null), () => ["alertpage_did_undo"])}</p>` : nothing}
        ${isOpen(alert) ? this.#main(alert) : nothing}
        ${isOpen(alert) ? this.#snoozes(alert) : nothing}
        ${alert.label || isOfMeter(alert) ? nothing : this.#ordinary(alert)}
      </section>`;
  }

  #main(alert) {
    return html`
      <div class="alert-main">
        ${needsSeeing(alert) ? this.#button("acknowledge", "acknowledge", () => acknowledge(alert.alert_id), () => ["alertpage_did_seen"], "primary") : nothing}
        ${this.#button("resolve", "resolve", () => resolve(alert.alert_id), () => ["alertpage_did_mended"])}
        <small>${t("alertpage_mend_note")}</small>
      </div>`;
  }

  #snoozes(alert) {
    const said = (changed) => ["alertpage_did_snooze", { when: when(changed.snoozed_until) }];
    return html`
      <details>
        <summary>${t("alertpage_snooze")}</summary>
        <p class="alert-note">${t("alertpage_snooze_note")}</p>
        <div class="choices">${SNOOZES.map(([hours, words]) => this.#button(`snooze-${hours}`, words, () => snooze(alert.alert_id, hours), said))}</div>
      </details>`;
  }

  #ordinary(alert) {
    return html`
      <details>
        <summary>${t("is_ordinary")}</summary>
        <p class="alert-note">${t("ordinary_note")}</p>
        <div class="choices">${ordinaryUsesOf(known(alert, this.point)).map((use) =>
          this.#button(`label-${use}`, `ordinary_${use}`, () => labelAlert(alert.alert_id, use), () => ["alertpage_did_label", { use: t(`ordinary_${use}`) }]))}</div>
      </details>`;
  }

  /** While one is being saved all stay where they are, so that the focus does too, and do nothing. */
  #button(name, words, save, said, look = "quiet") {
    return html`
      <button class=${look} data-act=${name} aria-disabled=${this.saving ? "true" : nothing} @click=${() => this.#change(name, save, said)}>
        ${t(this.saving === name ? "acknowledging" : words)}</button>`;
  }

  async #change(name, save, said) {
    if (this.saving) return;
    this.saving = name;
    this.failure = null;
    try {
      const changed = await save();
      this.did = () => said(changed);
      this.alert = { ...this.alert, ...changed };
      this.dispatchEvent(new CustomEvent("changed", { detail: changed }));
    } catch (error) {
      this.did = null;
      this.failure = this.#reason(error);
      if (error.code === "alert-resolved") this.dispatchEvent(new CustomEvent("outdated"));
    }
    this.saving = null;
    await this.updateComplete;
    if (!this.contains(document.activeElement)) this.querySelector(".alert-did").focus(); // its button is gone
  }

  #reason(error) {
    if (error instanceof UnreachableError) return () => t("alertpage_lost_word");
    if (error.code === "alert-resolved") return () => t("alertpage_over_already");
    return () => t("acknowledge_failed", { reason: problemText(error) });
  }
}
customElements.define("iskar-alert-actions", AlertActions);
