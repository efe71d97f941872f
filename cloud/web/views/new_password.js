// SPDX-License-Identifier: EUPL-1.2
/** A new password, by the link of a letter. */

import { html, nothing } from "lit";
import { setPassword } from "../api.js";
import { Element } from "../components/element.js";
import { mark } from "../components/icons.js";
import { problemText } from "../problem.js";
import { t } from "../language.js";
import "../words/account.js";

const MIN_CHARACTERS = 15; // as in cloud/accounts/password_rules.py
const PROBLEMS = { "link-over": "link_over", "invalid-request": "password_weak" };

export class NewPassword extends Element {
  static properties = { link: {}, problem: { state: true }, busy: { state: true } };

  constructor() {
    super();
    this.link = "";
    this.problem = null; // () => words
    this.busy = false;
  }

  render() {
    return html`
      <main id="content" class="sign-in">
        <form class="card" novalidate @submit=${this.#submit}>
          ${mark()}
          <h1>${t("new_password")}</h1>
          <label for="password">${t("new_password")}</label>
          <input id="password" name="password" type="password" autocomplete="new-password" required
            aria-describedby="password-help password-problem">
          <p id="password-help" class="hint">${t("new_password_help")}</p>
          <p id="password-problem" class="problem" role="alert">${this.problem?.() ?? nothing}</p>
          <button class="primary wide" ?disabled=${this.busy}>${t("set_password")}</button>
        </form>
      </main>`;
  }

  async #submit(event) {
    event.preventDefault();
    const password = new FormData(event.target).get("password");
    if ([...password].length < MIN_CHARACTERS) return this.#refuse(() => t("password_too_short"));
    this.busy = true;
    this.problem = null;
    try {
      await setPassword(this.link, password);
      this.dispatchEvent(new CustomEvent("password-set", { bubbles: true }));
    } catch (error) {
      const words = PROBLEMS[error.code];
      this.#refuse(() => (words ? t(words) : problemText(error)));
    }
    this.busy = false;
  }

  #refuse(words) {
    this.problem = words;
    this.querySelector("#password").focus();
  }
}
customElements.define("iskar-new-password", NewPassword);
