// SPDX-License-Identifier: EUPL-1.2
/** The way in: email and password. */

import { html, nothing } from "lit";
import { signIn } from "../api.js";
import { Element } from "../components/element.js";
import { mark } from "../components/icons.js";
import { problemText } from "../problem.js";
import { t } from "../language.js";

const EMAIL = /^[^\s@]+@[^\s@]+$/;

export class SignIn extends Element {
  static properties = { notice: {}, problem: { state: true }, busy: { state: true }, shown: { state: true } };

  constructor() {
    super();
    this.notice = null; // key of the words that say why one is here again
    this.problem = null; // () => words, so that they follow the language
    this.busy = false;
    this.shown = false;
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
          <p id="sign-in-problem" class="problem" role="alert">${this.problem?.() ?? nothing}</p>
          <button class="primary wide" ?disabled=${this.busy}>${t(this.busy ? "signing_in" : "sign_in")}</button>
          <p class="help">${t("help_access")}</p>
        </form>
      </main>`;
  }

  async #submit(event) {
    event.preventDefault();
    const fields = new FormData(event.target);
    const email = fields.get("email").trim();
    const password = fields.get("password");
    if (!EMAIL.test(email)) return this.#refuse(() => t("email_needed"), "email");
    if (!password) return this.#refuse(() => t("password_needed"), "password");
    this.busy = true;
    this.problem = null;
    try {
      const user = await signIn(email, password);
      this.dispatchEvent(new CustomEvent("signed-in", { detail: user, bubbles: true }));
    } catch (error) {
      this.#refuse(() => (error.status === 401 ? t("wrong_credentials") : problemText(error)), "password");
    }
    this.busy = false;
  }

  #refuse(words, field) {
    this.problem = words;
    this.querySelector(`#${field}`).focus();
  }
}
customElements.define("iskar-sign-in", SignIn);
