// SPDX-License-Identifier: EUPL-1.2
/** Setting up a second factor, before which some roles may do nothing. */

import { html, nothing } from "lit";
import { addPasskey, beginCodes, confirmCodes, newPasskeyOptions } from "../api.js";
import { codesSecret } from "../components/codes_secret.js";
import { Element } from "../components/element.js";
import { problemText } from "../problem.js";
import { t } from "../language.js";
import { available, make } from "../passkeys.js";
import "../words/account.js";

export class SecondFactor extends Element {
  static properties = { problem: { state: true }, begun: { state: true }, recoveryCodes: { state: true } };

  #isTrying = false;

  constructor() {
    super();
    this.problem = null; // () => words
    this.begun = null; // {secret, address, qr_code} of codes that are to be confirmed
    this.recoveryCodes = null;
  }

  render() {
    return html`
      <main id="content" class="sign-in">
        <form class="card" novalidate @submit=${this.#confirm}>
          ${this.recoveryCodes ? this.#codes() : this.#choice()}
          <p id="factor-problem" class="problem" role="alert">${this.problem?.() ?? nothing}</p>
        </form>
      </main>`;
  }

  #choice() {
    return html`
      <h1>${t("second_factor")}</h1>
      <p class="tagline">${t("second_factor_why")}</p>
      ${this.begun ? html`
        ${codesSecret(this.begun)}
        <label for="code">${t("code")}</label>
        <input id="code" name="code" autocomplete="one-time-code" inputmode="numeric" aria-describedby="factor-problem">
        <button class="primary wide">${t("confirm")}</button>` : html`
        ${available() ? html`<button type="button" class="primary wide" @click=${this.#addPasskey}>${t("add_passkey")}</button>` : nothing}
        <button type="button" class="quiet wide outlined" data-use-codes @click=${this.#beginCodes}>${t("use_codes")}</button>`}`;
  }

  #codes() {
    return html`
      <h1>${t("recovery_codes")}</h1>
      <p class="tagline">${t("recovery_help")}</p>
      <ul class="recovery-codes">${this.recoveryCodes.map((code) => html`<li>${code}</li>`)}</ul>
      <button type="button" class="primary wide" @click=${this.#done}>${t("written_down")}</button>`;
  }

  #addPasskey() {
    return this.#try(async () => this.#show(await addPasskey(navigator.platform || "…", await make(await newPasskeyOptions()))));
  }

  #beginCodes() {
    return this.#try(async () => { this.begun = await beginCodes(); });
  }

  #confirm(event) {
    event.preventDefault();
    const code = new FormData(event.target).get("code");
    return this.#try(async () => this.#show(await confirmCodes(code)));
  }

  #show(codes) {
    if (codes.length) this.recoveryCodes = codes;
    else this.#done();
  }

  #done() {
    this.dispatchEvent(new CustomEvent("set-up", { bubbles: true }));
  }

  async #try(work) {
    if (this.#isTrying) return; // codes that a first press brought are not to be lost to a second
    this.#isTrying = true;
    this.problem = null;
    try {
      await work();
    } catch (error) {
      if (error.code === "wrong-code") this.problem = () => t("wrong_code");
      else if (error instanceof DOMException) this.problem = () => t("passkey_failed");
      else this.problem = () => problemText(error);
    } finally {
      this.#isTrying = false;
    }
  }
}
customElements.define("iskar-second-factor", SecondFactor);
