// SPDX-License-Identifier: EUPL-1.2
/** Tokens of programs that act for one: which there are, a new one, an end to one. */

import { html, nothing } from "lit";
import { makeToken, revokeToken, tokens } from "../account_api.js";
import { dateText } from "../calendar.js";
import { now } from "../clock.js";
import { language, t } from "../language.js";
import { scopesOf } from "../token_scopes.js";
import "../words/account_page.js";
import { Asked } from "./asked.js";
import { Doing } from "./doing.js";
import "./once.js";
import "./sure.js";
import { unanswered } from "./unanswered.js";

const LIVES_DAYS = [30, 90, 365];
const OWN = { "too-many-tokens": "tokens_too_many" };
const DAY = { day: "numeric", month: "long", year: "numeric" };

export class AccountTokens extends Doing {
  static properties = { role: {}, made: { state: true } };

  #asked = new Asked(this, tokens);

  constructor() {
    super();
    this.role = "";
    this.made = null; // the text of a new token, shown this once
  }

  render() {
    const { content } = this.#asked;
    return html`
      <section class="card panel" aria-labelledby="tokens-title">
        <h2 id="tokens-title">${t("tokens")}</h2>
        <p class="note">${t("tokens_help")}</p>
        ${content ? html`<ul class="rows">${content.map((one) => this.#row(one))}</ul>` : unanswered(this.#asked)}
        ${this.made
          ? html`<iskar-once .secrets=${[this.made]} .words=${"tokens_once"} @kept=${() => { this.made = null; }}></iskar-once>`
          : this.#form()}
        ${this.told()}
      </section>`;
  }

  #row({ token_id: id, name, hint, scopes, expires_at: ends, last_used_at: used }) {
    const day = (at) => dateText(Date.parse(at), language(), DAY);
    const isOver = Date.parse(ends) <= now();
    return html`
      <li data-token=${id}>
        <div><b>${name}</b> ${hint ? html`<code>${hint}</code>` : nothing}
          <small>${isOver ? t("token_over") : t("token_until", { day: day(ends) })} · ${used ? t("token_used", { day: day(used) }) : t("token_never_used")}</small>
          <small>${scopes.map((scope) => t(`scope_${scope}`)).join(", ")}</small></div>
        ${isOver ? nothing : html`
          <iskar-sure .words=${t("token_end")} .question=${t("token_end_sure")} .about=${name} ?busy=${this.busy} @sure=${() => this.#revoke(id)}></iskar-sure>`}
      </li>`;
  }

  #form() {
    return html`
      <details>
        <summary>${t("token_new")}</summary>
        <form novalidate @submit=${this.#submit}>
          <label for="token-name">${t("token_name")}</label>
          <input id="token-name" name="name" maxlength="200" required placeholder=${t("token_example")}>
          <fieldset class="checks">
            <legend>${t("token_may")}</legend>
            ${scopesOf(this.role).map((scope, at) => html`
              <label><input type="checkbox" name="scopes" value=${scope} .defaultChecked=${at === 0}><span>${t(`scope_${scope}`)}</span></label>`)}
          </fieldset>
          <label for="token-life">${t("token_life")}</label>
          <select id="token-life" name="life">${LIVES_DAYS.map((days) => html`<option value=${days} ?selected=${days === 90}>${t("token_days", { n: days })}</option>`)}</select>
          <button class="primary" ?disabled=${this.busy}>${t("token_make")}</button>
        </form>
      </details>`;
  }

  async #submit(event) {
    event.preventDefault();
    const fields = new FormData(event.target);
    const name = fields.get("name").trim();
    const scopes = fields.getAll("scopes");
    if (!name) return this.#refuse("token_name_needed", "#token-name");
    if (!scopes.length) return this.#refuse("token_scope_needed", "[name=scopes]");
    const making = async () => { this.made = (await makeToken({ name, scopes, life_days: Number(fields.get("life")) })).token; };
    if (await this.doing(making, { own: OWN })) this.#asked.refresh();
  }

  #refuse(words, field) {
    this.problem = () => t(words);
    this.querySelector(field).focus();
  }

  async #revoke(id) {
    await this.doing(() => revokeToken(id), { done: "token_ended" });
    this.#asked.refresh();
  }
}
customElements.define("iskar-account-tokens", AccountTokens);
