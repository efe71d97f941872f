// SPDX-License-Identifier: EUPL-1.2
/** The end of an account: what goes, what stays and why; done once the address is typed. */

import { html } from "lit";
import { erase } from "../account_api.js";
import { forgetEverything } from "../farewell.js";
import { t } from "../language.js";
import "../words/my_data.js";
import { Doing } from "./doing.js";

const OWN = { "last-operator": "erase_last_operator", "invalid-request": "erase_email_wrong" };

export class EraseAccount extends Doing {
  static properties = { email: {} };

  constructor() {
    super();
    this.email = "";
  }

  render() {
    return html`
      <section class="card panel" aria-labelledby="erase-title">
        <h2 id="erase-title">${t("erase")}</h2>
        <h3>${t("erase_goes")}</h3>
        <ul class="erase-list">
          <li>${t("erase_goes_account")}</li><li>${t("erase_goes_alerts")}</li><li>${t("erase_goes_shares")}</li><li>${t("erase_goes_phone")}</li>
        </ul>
        <h3>${t("erase_stays")}</h3>
        <ul class="erase-list">
          <li>${t("erase_stays_meters")}</li><li>${t("erase_stays_log")}</li><li>${t("erase_stays_backups")}</li>
        </ul>
        <details>
          <summary>${t("erase_begin")}</summary>
          <form novalidate @submit=${this.#submit}>
            <label for="erase-email">${t("erase_type", { email: this.email })}</label>
            <input id="erase-email" name="email" type="email" autocomplete="off" autocapitalize="none" spellcheck="false" required>
            <button class="danger" ?disabled=${this.busy}>${t("erase_do")}</button>
          </form>
        </details>
        ${this.told()}
      </section>`;
  }

  async #submit(event) {
    event.preventDefault();
    const field = event.target.elements.email;
    const typed = field.value.trim();
    if (typed.toLowerCase() !== this.email.toLowerCase()) {
      this.problem = () => t("erase_email_wrong");
      return field.focus();
    }
    if (!await this.doing(() => erase(typed), { own: OWN })) return null;
    await forgetEverything();
    return location.replace("/?erased"); // a new page: this one's memory goes as well, and the worker that still serves it
  }
}
customElements.define("iskar-erase-account", EraseAccount);
