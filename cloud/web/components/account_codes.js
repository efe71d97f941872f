// SPDX-License-Identifier: EUPL-1.2
/** One-time codes of an app, and the recovery codes for when the phone is gone. */

import { html, nothing } from "lit";
import { account, newRecoveryCodes, removeCodes } from "../account_api.js";
import { beginCodes, confirmCodes } from "../api.js";
import { t } from "../language.js";
import "../words/account_page.js";
import { Asked } from "./asked.js";
import { codesSecret } from "./codes_secret.js";
import { Doing } from "./doing.js";
import "./once.js";
import "./sure.js";
import { unanswered } from "./unanswered.js";

const OWN = { "wrong-code": "wrong_code", "codes-set-up": "codes_in_use" };

export class AccountCodes extends Doing {
  static properties = { begun: { state: true }, recoveryCodes: { state: true } };

  #asked = new Asked(this, account);

  constructor() {
    super();
    this.begun = null; // {secret, address, qr_code} of codes that are to be confirmed
    this.recoveryCodes = []; // shown this once
  }

  render() {
    const { content } = this.#asked;
    return html`
      <section class="card panel" aria-labelledby="codes-title">
        <h2 id="codes-title">${t("codes")}</h2>
        ${content ? this.#state(content) : unanswered(this.#asked)}
        ${this.told()}
      </section>
      ${content && (content.codes || content.passkeys) || this.recoveryCodes.length ? this.#recovery(content?.recovery_codes ?? 0) : nothing}`;
  }

  /** Passkeys were added or removed; with the first of them came recovery codes. */
  refresh(codes) {
    if (codes.length) this.recoveryCodes = codes;
    this.#asked.refresh();
  }

  #state({ codes }) {
    if (this.begun) return this.#setUp(this.begun);
    if (!codes) {
      return html`
        <p class="note">${t("codes_help")}</p>
        <button type="button" class="quiet outlined" data-begin-codes ?disabled=${this.busy} @click=${this.#begin}>${t("codes_begin")}</button>`;
    }
    return html`
      <p class="note">${t("codes_on")}</p>
      <iskar-sure .words=${t("codes_remove")} .question=${t("codes_remove_sure")} ?busy=${this.busy} @sure=${this.#remove}></iskar-sure>`;
  }

  #setUp(begun) {
    return html`
      <form novalidate @submit=${this.#confirm}>
        ${codesSecret(begun)}
        <label for="new-code">${t("code")}</label>
        <input id="new-code" name="code" autocomplete="one-time-code" inputmode="numeric" required>
        <p class="row">
          <button class="primary" ?disabled=${this.busy}>${t("confirm")}</button>
          <button type="button" class="quiet outlined" @click=${() => { this.begun = null; }}>${t("codes_leave")}</button>
        </p>
      </form>`;
  }

  #recovery(left) {
    return html`
      <section class="card panel" aria-labelledby="recovery-title">
        <h2 id="recovery-title">${t("recovery_codes")}</h2>
        ${this.recoveryCodes.length ? html`
          <iskar-once .secrets=${this.recoveryCodes} .words=${"recovery_help"} @kept=${() => { this.recoveryCodes = []; }}></iskar-once>` : html`
          <p class="note">${t("recovery_left", { n: left })}</p>
          <iskar-sure .words=${t("recovery_new")} .question=${t("recovery_new_sure")} ?busy=${this.busy} @sure=${this.#renew}></iskar-sure>`}
      </section>`;
  }

  async #begin() {
    await this.doing(async () => { this.begun = await beginCodes(); }, { own: OWN });
    await this.updateComplete;
    this.querySelector("#new-code")?.focus();
  }

  async #confirm(event) {
    event.preventDefault();
    const field = event.target.elements.code;
    const confirming = async () => { this.recoveryCodes = await confirmCodes(field.value.trim()); };
    if (!await this.doing(confirming, { own: OWN, done: "codes_set_up" })) return field.focus();
    this.begun = null;
    this.#asked.refresh();
  }

  async #remove() {
    if (await this.doing(removeCodes, { done: "codes_removed" })) this.#asked.refresh();
  }

  async #renew() {
    await this.doing(async () => { this.recoveryCodes = await newRecoveryCodes(); });
    this.#asked.refresh();
  }
}
customElements.define("iskar-account-codes", AccountCodes);
