// SPDX-License-Identifier: EUPL-1.2
/** The way in: email and password, a code where the account has a second factor, or a passkey. */

import { html, nothing } from "lit";
import { askForReset, passkeyOptions, signIn, signInByPasskey } from "../api.js";
import { Element } from "../components/element.js";
import { mark } from "../components/icons.js";
import { problemText } from "../problem.js";
import { t } from "../language.js";
import { available, show } from "../passkeys.js";
import "../words/account.js";

const EMAIL = /^[^\s@]+@[^\s@]+$/;
const PROBLEMS = { "wrong-code": "wrong_code", "wrong-passkey": "passkey_failed", "mail-off": "mail_off" };

export class SignIn extends Element {
  static properties = {
    notice: {}, problem: { state: true }, busy: { state: true }, shown: { state: true }, wantsCode: { state: true },
  };

  constructor() {
    super();
    this.notice = null; // key of the words that say why one is here again
    this.problem = null; // () => words, so that they follow the language
    this.busy = false;
    this.shown = false;
    this.wantsCode = false; // the password was right, and a second factor is asked for
  }

  firstUpdated() {
    import("../components/organisation_ways.js").catch((error) => console.info("Only the form is there:", error.message));
  }

  render() {
    return html`
      <main id="content" class="sign-in">
        <form class="card" novalidate @submit=${this.#submit}>
          ${mark()}
          <h1>${t("app_name")}</h1>
          <p class="tagline">${t("tagline")}</p>
          ${this.notice && !this.problem ? html`<p class="note" role="status">${t(this.notice)}</p>` : nothing}
          <label for="email">${t("email")}</label>
          <input id="email" name="email" type="email" autocomplete="username" inputmode="email" autocapitalize="none"
            spellcheck="false" required aria-describedby="sign-in-problem">
          <label for="password">${t("password")}</label>
          <div class="with-button">
            <input id="password" name="password" type=${this.shown ? "text" : "password"} autocomplete="current-password"
              required aria-describedby="sign-in-problem">
            <button type="button" class="quiet" aria-pressed=${this.shown} aria-controls="password"
              @click=${() => { this.shown = !this.shown; }}>${t(this.shown ? "hide_password" : "show_password")}</button>
          </div>
          ${this.wantsCode ? html`
            <label for="code">${t("code")}</label>
            <input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
              aria-describedby="code-help sign-in-problem">
            <p id="code-help" class="hint">${t("code_help")}</p>` : nothing}
          <p id="sign-in-problem" class="problem" role="alert">${this.problem?.() ?? nothing}</p>
          <button class="primary wide" ?disabled=${this.busy}>${t(this.busy ? "signing_in" : "sign_in")}</button>
          ${available() ? html`
            <button type="button" class="quiet wide outlined" data-passkey ?disabled=${this.busy} @click=${this.#byPasskey}>
              ${t("by_passkey")}</button>` : nothing}
          <button type="button" class="quiet wide" data-forgot ?disabled=${this.busy} @click=${this.#forgot}>
            ${t("forgot_password")}</button>
          <iskar-organisation-ways></iskar-organisation-ways>
          <p class="help">${t("help_access")}</p>
        </form>
      </main>`;
  }

  #submit(event) {
    event.preventDefault();
    const fields = new FormData(event.target);
    const email = fields.get("email").trim();
    const password = fields.get("password");
    const code = fields.get("code")?.trim();
    if (!EMAIL.test(email)) return this.#refuse(() => t("email_needed"), "email");
    if (!password) return this.#refuse(() => t("password_needed"), "password");
    if (this.wantsCode && !code) return this.#refuse(() => t("code_needed"), "code");
    return this.#enter(() => signIn(email, password, code));
  }

  #byPasskey() {
    return this.#enter(async () => signInByPasskey(await show(await passkeyOptions())));
  }

  async #enter(signingIn) {
    this.busy = true;
    this.problem = null;
    try {
      const user = await signingIn();
      this.dispatchEvent(new CustomEvent("signed-in", { detail: user, bubbles: true }));
    } catch (error) {
      await this.#explain(error);
    }
    this.busy = false;
  }

  async #explain(error) {
    if (error.code === "code-needed") {
      this.wantsCode = true;
      await this.updateComplete;
      this.querySelector("#code").focus();
    } else if (error instanceof DOMException && error.name !== "TimeoutError") {
      this.problem = () => t("passkey_failed"); // cancelled, or there is none
    } else if (PROBLEMS[error.code]) {
      this.#refuse(() => t(PROBLEMS[error.code]), this.wantsCode ? "code" : "email");
    } else {
      this.#refuse(() => (error.status === 401 ? t("wrong_credentials") : problemText(error)), "password");
    }
  }

  async #forgot() {
    const email = this.querySelector("#email").value.trim();
    if (!EMAIL.test(email)) return this.#refuse(() => t("email_needed"), "email");
    this.problem = null;
    try {
      await askForReset(email);
      this.notice = "reset_asked";
    } catch (error) {
      this.#refuse(() => (error.code === "mail-off" ? t("mail_off") : problemText(error)), "email");
    }
  }

  #refuse(words, field) {
    this.problem = words;
    this.querySelector(`#${field}`).focus();
  }
}
customElements.define("iskar-sign-in", SignIn);
