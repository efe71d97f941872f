// SPDX-License-Identifier: EUPL-1.2
/** Sharing a building: with whom, as what, which of its service points, from which day on. */

import { html, nothing } from "lit";
import { share } from "../account_api.js";
import { dayOf, midnight } from "../calendar.js";
import { now } from "../clock.js";
import { inOrder } from "../kinds.js";
import { language, named, t } from "../language.js";
import "../words/people.js";
import { Doing } from "./doing.js";

const EMAIL = /^[^\s@]+@[^\s@]+$/;
const KINDS = ["tenant", "caretaker"];
const OWN = { "owns-it": "share_owns_it", "mail-off": "mail_off", "invalid-request": "email_needed" };

export class ShareForm extends Doing {
  static properties = { premisesId: {}, points: {}, isPart: { state: true }, isDated: { state: true } };

  constructor() {
    super();
    this.premisesId = "";
    this.points = [];
    this.isPart = false;
    this.isDated = false;
  }

  render() {
    return html`
      <section class="card panel" aria-labelledby="share-title">
        <h2 id="share-title">${t("share")}</h2>
        <p class="note">${t("share_help")}</p>
        <form novalidate @submit=${this.#submit}>
          <label for="share-email">${t("email")}</label>
          <input id="share-email" name="email" type="email" inputmode="email" autocomplete="off" autocapitalize="none" spellcheck="false" required>
          <label for="share-name">${t("share_name")}</label>
          <input id="share-name" name="name" maxlength="200" autocomplete="off" required>
          <fieldset class="checks">
            <legend>${t("share_as")}</legend>
            ${KINDS.map((kind, at) => html`<label><input type="radio" name="kind" value=${kind} .defaultChecked=${at === 0}><span>${t(`share_${kind}`)}</span></label>`)}
          </fieldset>
          <fieldset class="checks">
            <legend>${t("share_what")}</legend>
            ${this.#radio("part", "", "share_all", () => { this.isPart = false; }, true)}
            ${this.#radio("part", "1", "share_part", () => { this.isPart = true; }, false)}
            ${this.isPart ? inOrder(this.points).map((point) => html`
              <label class="inner"><input type="checkbox" name="points" value=${point.service_point_id}><span>${named(point.name)}</span></label>`) : nothing}
          </fieldset>
          <fieldset class="checks">
            <legend>${t("share_since")}</legend>
            ${this.#radio("dated", "", "share_since_ever", () => { this.isDated = false; }, true)}
            ${this.#radio("dated", "1", "share_since_day", () => { this.isDated = true; }, false)}
            ${this.isDated ? html`<label class="visually-hidden" for="share-day">${t("share_day")}</label><input id="share-day" name="day" type="date" max=${dayOf(now())} .defaultValue=${dayOf(now())} required>` : nothing}
          </fieldset>
          <button class="primary" ?disabled=${this.busy}>${t("share_do")}</button>
        </form>
        ${this.told()}
      </section>`;
  }

  #radio(name, value, words, choose, isDefault) {
    return html`<label><input type="radio" name=${name} value=${value} .defaultChecked=${isDefault} @change=${choose}><span>${t(words)}</span></label>`;
  }

  async #submit(event) {
    event.preventDefault();
    const form = event.target;
    const fields = new FormData(form);
    const email = fields.get("email").trim();
    const points = fields.getAll("points");
    const day = fields.get("day");
    if (!EMAIL.test(email)) return this.#refuse("email_needed", "#share-email");
    if (!fields.get("name").trim()) return this.#refuse("share_name_needed", "#share-name");
    if (this.isPart && !points.length) return this.#refuse("share_points_needed", "[name=points]");
    if (this.isDated && !day) return this.#refuse("share_day_needed", "#share-day");
    const wanted = {
      email, name: fields.get("name").trim(), kind: fields.get("kind"), language: language(),
      service_point_ids: this.isPart ? points : null,
      since: this.isDated ? new Date(midnight(day)).toISOString() : null,
    };
    if (!await this.doing(() => share(this.premisesId, wanted), { own: OWN, done: "share_done" })) return null;
    form.reset();
    this.isPart = false;
    this.isDated = false;
    return this.dispatchEvent(new CustomEvent("shared", { bubbles: true }));
  }

  #refuse(words, field) {
    this.problem = () => t(words);
    this.querySelector(field).focus();
  }
}
customElements.define("iskar-share-form", ShareForm);
