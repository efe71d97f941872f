// SPDX-License-Identifier: EUPL-1.2
/** The question who it is, once more: by password, code or passkey, whichever the account has. */

import { html, nothing } from "lit";
import { account, organisations, organisationSignIn, stepUp } from "../account_api.js";
import { passkeyOptions, session } from "../api.js";
import { t } from "../language.js";
import { available, show } from "../passkeys.js";
import { problemText } from "../problem.js";
import { CancelledError } from "../step_up.js";
import "../words/account.js";
import "../words/step_up.js";
import { Element } from "./element.js";

const PROBLEMS = { "wrong-code": "wrong_code", "wrong-password": "step_up_wrong", "wrong-passkey": "passkey_failed", "code-needed": "code_needed" };

export class StepUp extends Element {
  static properties = { ways: { state: true }, elsewhere: { state: true }, problem: { state: true }, busy: { state: true } };

  #settle;
  #end = () => this.#cancel();

  constructor() {
    super();
    this.ways = null; // the account, once it is known
    this.elsewhere = []; // the organisations to sign in at
    this.problem = null; // () => words
    this.busy = false;
    /** Resolves once the person has shown who they are; rejects with CancelledError. */
    this.answered = new Promise((resolve, reject) => { this.#settle = { resolve, reject }; });
  }

  connectedCallback() {
    super.connectedCallback();
    session.addEventListener("ended", this.#end);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    session.removeEventListener("ended", this.#end);
  }

  async firstUpdated() {
    this.querySelector("dialog").showModal(); // it keeps the focus inside, and gives it back
    try {
      const ways = await account();
      if (ways.at_organisation) this.elsewhere = await organisations();
      this.ways = ways;
      await this.updateComplete;
      this.querySelector("input, button.primary")?.focus();
    } catch (error) {
      this.problem = () => problemText(error);
    }
  }

  render() {
    return html`
      <dialog class="card step-up" aria-labelledby="step-up-title" @cancel=${this.#cancel}>
        <form novalidate @submit=${this.#submit}>
          <h2 id="step-up-title">${t("step_up")}</h2>
          <p class="note">${t("step_up_why")}</p>
          ${this.ways ? this.#choices(this.ways) : nothing}
          <p id="step-up-problem" class="problem" role="alert">${this.problem?.() ?? nothing}</p>
          <button type="button" class="quiet wide" data-cancel @click=${this.#cancel}>${t("step_up_cancel")}</button>
        </form>
      </dialog>`;
  }

  #choices({ at_organisation: isElsewhere, codes, passkeys, recovery_codes: recovery }) {
    if (isElsewhere) return this.elsewhere.map((one) => html`<a class="button primary wide" href=${organisationSignIn(one)}>${t("step_up_at", { name: one.name })}</a>`);
    const hasFactor = codes || passkeys > 0;
    return html`
      ${passkeys && available() ? html`<button type="button" class="primary wide" data-passkey ?disabled=${this.busy} @click=${this.#byPasskey}>${t("step_up_passkey")}</button>` : nothing}
      ${hasFactor && (codes || recovery) ? html`
        <label for="step-up-code">${t(codes ? "code" : "step_up_recovery")}</label>
        <input id="step-up-code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" aria-describedby="step-up-problem">` : nothing}
      ${hasFactor ? nothing : html`
        <label for="step-up-password">${t("password")}</label>
        <input id="step-up-password" name="password" type="password" autocomplete="current-password" aria-describedby="step-up-problem">`}
      ${hasFactor && !codes && !recovery ? nothing : html`<button class=${passkeys ? "quiet wide outlined" : "primary wide"} ?disabled=${this.busy}>${t("step_up_confirm")}</button>`}`;
  }

  #submit(event) {
    event.preventDefault();
    const [field] = /** @type {[string, string][]} */ ([...new FormData(event.target)]);
    if (!field) return null;
    const [name, given] = field;
    if (!given.trim()) return this.#refuse(() => t(name === "code" ? "code_needed" : "password_needed"));
    return this.#try(() => stepUp({ [name]: name === "code" ? given.trim() : given }));
  }

  #byPasskey() {
    return this.#try(async () => stepUp({ passkey: await show(await passkeyOptions()) }));
  }

  async #try(showing) {
    this.busy = true;
    this.problem = null;
    try {
      await showing();
      this.#close();
      this.#settle.resolve();
    } catch (error) {
      this.busy = false;
      if (error instanceof DOMException) this.problem = () => t("passkey_failed");
      else this.#refuse(() => (PROBLEMS[error.code] ? t(PROBLEMS[error.code]) : problemText(error)));
    }
  }

  #refuse(words) {
    this.problem = words;
    this.querySelector("input")?.focus();
  }

  #cancel() {
    this.#close();
    this.#settle.reject(new CancelledError("Nobody showed who it is; nothing was done."));
  }

  #close() {
    this.querySelector("dialog")?.close();
  }
}
customElements.define("iskar-step-up", StepUp);
