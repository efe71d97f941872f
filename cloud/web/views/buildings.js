// SPDX-License-Identifier: EUPL-1.2
/** My buildings: a card each, those with an alert first, kept current. */

import { html, nothing } from "lit";
import { now } from "../clock.js";
import "../components/age.js";
import { Asked } from "../components/asked.js";
import { buildingCard } from "../components/building_card.js";
import { Element } from "../components/element.js";
import { emptyAccount } from "../components/first_hour.js";
import { Gas } from "../gas.js";
import { myPremises, usualOfAll } from "../home_api.js";
import { t } from "../language.js";
import { problemText } from "../problem.js";
import { recall, remember } from "../store.js";
import "../words/alerts.js";
import "../words/home.js";

const REFRESH_MS = 10_000;
const USUAL_MS = 5 * 60_000; // an hour has to end before it says something else
const SEARCHED_FROM = 8; // so many fit on two screens of a phone
const URGENCY = ["critical", "warning", "notice"];

export class Buildings extends Element {
  static properties = { uses: { state: true }, wanted: { state: true } };

  #asked = new Asked(this, () => this.#ask(), "premises", REFRESH_MS);
  #gas = new Gas(this);
  #usualAt = 0;

  constructor() {
    super();
    this.uses = [];
    this.wanted = "";
  }

  async #ask() {
    const items = await myPremises();
    if (items.length && now() - this.#usualAt > USUAL_MS) this.#fetchUsual();
    return items;
  }

  /** Without it the cards lack a line, and say all else. */
  async #fetchUsual() {
    const before = this.#usualAt;
    this.#usualAt = now();
    try {
      this.uses = await usualOfAll();
      remember("usual", this.uses, this.#usualAt);
    } catch (error) {
      this.#usualAt = before;
      console.info("Usual days are not there now:", error.message);
    }
  }

  render() {
    const { keptSince } = this.#asked;
    return html`
      <main id="content" class="page">
        <h1>${t("my_buildings")}</h1>
        ${keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${keptSince} .words=${"kept_since"}></iskar-age></p>` : nothing}
        ${this.#content()}
      </main>`;
  }

  #content() {
    const { content: items, error, refresh } = this.#asked;
    if (items?.length) return this.#list(items);
    if (items) return emptyAccount(recall("user")?.content.email);
    if (!error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`<p class="problem card" role="alert">${problemText(error)}
      <button class="primary" @click=${refresh}>${t("retry")}</button></p>`;
  }

  #list(items) {
    const { keptSince } = this.#asked;
    const uses = keptSince && !this.uses.length ? recall("usual")?.content ?? [] : this.uses;
    const found = items.filter((item) => fits(item, this.wanted)).toSorted((a, b) => urgencyOf(a) - urgencyOf(b));
    return html`
      ${items.length >= SEARCHED_FROM ? html`
        <div class="home-search">
          <label for="home-search">${t("home_search")}</label>
          <input id="home-search" type="search" autocomplete="off" .value=${this.wanted} @input=${(event) => { this.wanted = event.target.value; }}>
          <p role="status">${this.wanted.trim() ? t("home_found", { n: found.length }) : nothing}</p>
        </div>` : nothing}
      <ul class="buildings">${found.map((item) => buildingCard(item, uses.filter((one) => one.premisesId === item.premises_id), !keptSince, this.#gasOf(item)))}</ul>`;
  }

  #gasOf({ premises_id, today }) {
    return today.some(({ utility }) => utility === "gas") ? this.#gas.today(premises_id) : null;
  }
}
customElements.define("iskar-buildings", Buildings);

/** The most urgent alert first, then those without any, in the order of their names as they came. */
function urgencyOf({ open_alerts, worst_alert }) {
  if (!open_alerts) return URGENCY.length + 1;
  return worst_alert ? URGENCY.indexOf(worst_alert.severity) : URGENCY.length;
}

/** Whether a building's name or address holds every word that was typed, in either language. */
function fits({ name, address }, wanted) {
  const told = `${Object.values(name).join(" ")} ${address}`.toLocaleLowerCase();
  return wanted.toLocaleLowerCase().split(/\s+/).every((word) => told.includes(word));
}
