// SPDX-License-Identifier: EUPL-1.2
/** My data: take it along, see who looked at it, have it erased. */

import { html, nothing } from "lit";
import { takeout } from "../account_api.js";
import { dayOf } from "../calendar.js";
import { now } from "../clock.js";
import { Asked } from "../components/asked.js";
import { Doing } from "../components/doing.js";
import "../components/erase_account.js";
import { icon } from "../components/icons.js";
import { namesOf } from "../components/looks.js";
import { myPremises } from "../home_api.js";
import { t } from "../language.js";
import "../words/my_data.js";

const LOOK_READERS = ["owner", "tenant"]; // whose data there is to look at
const KEPT_MS = 60_000; // a download that has begun by then has all it needs

export class MyData extends Doing {
  static properties = { user: {} };

  #premises = new Asked(this, myPremises, "premises");

  constructor() {
    super();
    this.user = null;
  }

  render() {
    return html`
      <main id="content" class="page account">
        <a class="back" href="#/account">${icon("left")}${t("nav_account")}</a>
        <h1>${t("my_data")}</h1>
        <div class="panels">
          <div>
            <section class="card panel" aria-labelledby="takeout-title">
              <h2 id="takeout-title">${t("takeout")}</h2>
              <p>${t("takeout_what")}</p>
              <button type="button" class="primary" data-takeout ?disabled=${this.busy} @click=${this.#take}>${t(this.busy ? "takeout_making" : "takeout_do")}</button>
              ${this.told()}
            </section>
            ${LOOK_READERS.includes(this.user.role) ? html`<iskar-looks .names=${namesOf(this.#premises.content ?? [])}></iskar-looks>` : nothing}
          </div>
          <div><iskar-erase-account .email=${this.user.email}></iskar-erase-account></div>
        </div>
      </main>`;
  }

  async #take() {
    /** @type {any} */
    let archive;
    if (!await this.doing(async () => { archive = await takeout(); }, { done: "takeout_done" })) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(archive);
    link.download = `iskar-${dayOf(now())}.zip`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
  }
}
customElements.define("iskar-my-data", MyData);
