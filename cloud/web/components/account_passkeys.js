// SPDX-License-Identifier: EUPL-1.2
/** One's passkeys: which there are, one more, one less. */

import { html, nothing } from "lit";
import { passkeys, removePasskey } from "../account_api.js";
import { addPasskey, newPasskeyOptions } from "../api.js";
import { dateText } from "../calendar.js";
import { deviceOf } from "../devices.js";
import { language, t } from "../language.js";
import { available, make } from "../passkeys.js";
import "../words/account_page.js";
import { Asked } from "./asked.js";
import { Doing } from "./doing.js";
import { unanswered } from "./unanswered.js";
import "./sure.js";

const OWN = { "passkey-known": "passkey_known", "passkeys-off": "passkeys_off", "wrong-passkey": "passkey_failed" };
const DAY = { day: "numeric", month: "long", year: "numeric" };

export class AccountPasskeys extends Doing {
  #asked = new Asked(this, passkeys);

  render() {
    const { content } = this.#asked;
    return html`
      <section class="card panel" aria-labelledby="passkeys-title">
        <h2 id="passkeys-title">${t("passkeys")}</h2>
        <p class="note">${t("passkeys_help")}</p>
        ${content ? html`<ul class="rows">${content.map((one) => this.#row(one))}</ul>` : unanswered(this.#asked)}
        ${available() ? html`<button type="button" class="quiet outlined" data-add-passkey ?disabled=${this.busy} @click=${this.#add}>${t("add_passkey")}</button>` : html`<p class="note">${t("passkeys_none_here")}</p>`}
        ${this.told()}
      </section>`;
  }

  #row({ passkey_id: id, name, created_at: made, used_at: used }) {
    const day = (at) => dateText(Date.parse(at), language(), DAY);
    return html`
      <li data-passkey-id=${id}>
        <div><b>${name}</b><small>${t("passkey_made", { day: day(made) })}${used ? html` · ${t("passkey_used", { day: day(used) })}` : nothing}</small></div>
        <iskar-sure .words=${t("passkey_remove")} .question=${t("passkey_remove_sure")} .about=${name} ?busy=${this.busy} @sure=${() => this.#remove(id)}></iskar-sure>
      </li>`;
  }

  async #add() {
    let codes = [];
    const adding = async () => {
      codes = await addPasskey(deviceOf(navigator.userAgent, t("device_unknown")), await make(await newPasskeyOptions()));
    };
    if (await this.doing(adding, { own: OWN, done: "passkey_added" })) this.#changed(codes);
  }

  async #remove(id) {
    if (await this.doing(() => removePasskey(id), { done: "passkey_removed" })) this.#changed([]);
  }

  #changed(codes) {
    this.#asked.refresh();
    this.dispatchEvent(new CustomEvent("factors-changed", { bubbles: true, detail: codes }));
  }
}
customElements.define("iskar-account-passkeys", AccountPasskeys);
