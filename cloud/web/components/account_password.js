// SPDX-License-Identifier: EUPL-1.2
/** A new password in place of the present one. */

import { html } from "lit";
import { changePassword } from "../account_api.js";
import { t } from "../language.js";
import "../words/account_page.js";
import { Doing } from "./doing.js";

const MIN_CHARACTERS = 15; // as in cloud/accounts/password_rules.py
const OWN = { "wrong-password": "account_wrong_password", "invalid-request": "password_weak" };

export class AccountPassword extends Doing {
  render() {
    return html`
      <section class="card panel" aria-labelledby="password-title">
        <h2 id="password-title">${t("password")}</h2>
        <details>
          <summary>${t("account_change_password")}</summary>
          <form novalidate @submit=${this.#submit}>
            <label for="current">${t("account_current_password")}</label>
            <input id="current" name="current" type="password" autocomplete="current-password" required>
            <label for="chosen">${t("new_password")}</label>
            <input id="chosen" name="chosen" type="password" autocomplete="new-password" required aria-describedby="chosen-help">
            <p id="chosen-help" class="note">${t("new_password_help")} ${t("account_password_ends")}</p>
            <button class="primary" ?disabled=${this.busy}>${t("set_password")}</button>
          </form>
        </details>
        ${this.told()}
      </section>`;
  }

  async #submit(event) {
    event.preventDefault();
    const form = event.target;
    const { current, chosen } = form.elements;
    if (!current.value) return this.#refuse("password_needed", current);
    if ([...chosen.value].length < MIN_CHARACTERS) return this.#refuse("password_too_short", chosen);
    const isDone = await this.doing(() => changePassword(current.value, chosen.value), { own: OWN, done: "account_password_changed" });
    if (!isDone) return current.focus();
    form.reset();
    form.closest("details").open = false;
    this.dispatchEvent(new CustomEvent("sessions-changed", { bubbles: true }));
  }

  #refuse(words, field) {
    this.problem = () => t(words);
    field.focus();
  }
}
customElements.define("iskar-account-password", AccountPassword);
