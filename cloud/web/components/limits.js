// SPDX-License-Identifier: EUPL-1.2
/** Limits of tomorrow's use: those that stand, and a form to set one. */

import { html, nothing } from "lit";
import { attempt, RefusedError } from "../api.js";
import { dropLimit, limitsOf, setLimit } from "../demand_api.js";
import { language, t } from "../language.js";
import { amountText, decimal, scaleFor, symbol } from "../units.js";
import { card } from "./demand_cards.js";
import { Element } from "./element.js";

export class Limits extends Element {
  #nextId = newId();

  static properties = { seriesId: {}, unit: {}, typical: {}, passed: {}, items: { state: true }, said: { state: true }, failure: { state: true }, wrong: { state: true }, isSaving: { state: true } };

  constructor() {
    super();
    this.seriesId = "";
    this.unit = "";
    this.typical = null; // a day's use: amounts are typed in the unit that suits it
    this.passed = []; // [{id, share}] of tomorrow
    this.items = undefined;
    this.said = "";
    this.failure = "";
    this.wrong = ""; // the name of the field that can't be right
    this.isSaving = false;
  }

  willUpdate(changed) {
    if (changed.has("seriesId")) {
      Object.assign(this, { said: "", failure: "", wrong: "" });
      this.#fetch();
    }
  }

  async #fetch() {
    this.items = await attempt(limitsOf(this.seriesId));
    if (!this.items.error) this.dispatchEvent(new CustomEvent("limits", { detail: this.items }));
  }

  get #typed() {
    return scaleFor(this.typical ?? 0, this.unit);
  }

  render() {
    return card("limits", this.items, (items) => html`
      <p>${t("limits_lead")}</p>
      ${items.length ? html`<ul class="limits">${items.map((one) => this.#limit(one))}</ul>` : nothing}
      <form class="limit-form" novalidate @submit=${this.#save}>
        <div><label for="limit-of">${t("limit_of")}</label>
          <select id="limit-of" name="of"><option value="sum">${t("limit_day_sum")}</option><option value="peak">${t("limit_day_peak")}</option></select></div>
        <div><label for="limit-upper">${t("limit_upper", { unit: symbol(this.#typed.unit, language()) })}</label>
          <input id="limit-upper" name="upper" type="number" inputmode="decimal" min="0" step="any" required aria-describedby="limit-said" aria-invalid=${this.wrong === "upper"}></div>
        <div><label for="limit-share">${t("limit_share")}</label>
          <input id="limit-share" name="share" type="number" inputmode="numeric" min="5" max="95" step="any" value="50" required aria-describedby="limit-said" aria-invalid=${this.wrong === "share"}></div>
        <div><label for="limit-contact">${t("limit_contact")}</label>
          <input id="limit-contact" name="contact" type="email" autocomplete="email" aria-describedby="limit-said" aria-invalid=${this.wrong === "contact"}></div>
        <button class="primary" type="submit" ?disabled=${this.isSaving}>${t("limit_set")}</button>
        <p id="limit-said" role="status">${this.wrong || this.failure ? html`<span class="problem">${this.wrong ? t(`limit_wrong_${this.wrong}`) : this.failure}</span>` : this.said}</p>
      </form>`);
  }

  #limit(one) {
    const amount = amountText(one.upper, this.unit, language());
    const tomorrow = this.passed.find((other) => other.id === one.id);
    const words = t("limit_standing", { amount, what: t(one.isPeak ? "limit_day_peak" : "limit_day_sum"), share: decimal(one.share * 100, 0, language()) });
    return html`
      <li data-limit=${one.id}>
        <span>${words}${one.contact ? `; ${t("limit_mailed", { contact: one.contact })}` : nothing}
          ${tomorrow ? html`<b>${t("limit_passed", { share: decimal(tomorrow.share * 100, 0, language()) })}</b>` : nothing}</span>
        <button class="quiet" aria-label=${t("limit_drop_this", { amount })} @click=${() => this.#change(() => dropLimit(one.id), "")}>${t("limit_drop")}</button>
      </li>`;
  }

  #save(event) {
    event.preventDefault();
    const form = event.target;
    const wrong = wrongOf(form);
    this.wrong = wrong?.name ?? "";
    if (wrong) return wrong.focus();
    const upper = Number(form.upper.value) * this.#typed.per;
    const wanted = { limitId: this.#nextId, isPeak: form.of.value === "peak", upper, share: Number(form.share.value) / 100, contact: form.contact.value.trim() };
    return this.#change(async () => {
      await setLimit(this.seriesId, wanted);
      this.#nextId = newId(); // until then the same one: asked again, a limit isn't set twice
    }, t("limit_set_done"));
  }

  async #change(act, done) {
    this.isSaving = true;
    this.failure = "";
    this.said = "";
    try {
      await act();
      await this.#fetch();
      this.said = done;
    } catch (error) {
      this.failure = t("limit_failed", { reason: reasonOf(error) });
    }
    this.isSaving = false;
  }
}
customElements.define("iskar-limits", Limits);

const REASONS = { "mail-off": "limit_mail_off", "too-many-limits": "limit_too_many" };

/** Why a limit wasn't kept, in the reader's language where the cloud says it by a code. */
function reasonOf(error) {
  if (!(error instanceof RefusedError)) return t("unreachable");
  return REASONS[error.code] ? t(REASONS[error.code]) : error.message;
}

/** The first field whose content can't be meant, or undefined. */
const wrongOf = ({ upper, share, contact }) => [upper, share, contact].find((field) =>
  !field.checkValidity() || (field === upper && !(Number(upper.value) > 0)));

const newId = () => `limit-${Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
