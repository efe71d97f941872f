// SPDX-License-Identifier: EUPL-1.2
/** My buildings: a card each, those with an alert first, kept current. */

import { html, nothing } from "lit";
import { allPremises, UnreachableError } from "../api.js";
import { now } from "../clock.js";
import "../components/age.js";
import { buildingCard } from "../components/building_card.js";
import { Element } from "../components/element.js";
import { emptyAccount } from "../components/first_hour.js";
import { usualOfAll } from "../home_api.js";
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
  static properties = {
    items: { state: true }, uses: { state: true }, keptSince: { state: true }, error: { state: true }, wanted: { state: true },
  };

  #timer;
  #usualAt = 0;
  #refresh = () => this.#fetch();

  constructor() {
    super();
    this.items = null;
    this.uses = [];
    this.keptSince = null;
    this.error = null;
    this.wanted = "";
  }

  connectedCallback() {
    super.connectedCallback();
    this.#fetch();
    this.#timer = setInterval(() => {
      if (!document.hidden) this.#fetch();
    }, REFRESH_MS);
    addEventListener("online", this.#refresh);
    document.addEventListener("visibilitychange", this.#refresh);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    removeEventListener("online", this.#refresh);
    document.removeEventListener("visibilitychange", this.#refresh);
  }

  async #fetch() {
    try {
      this.items = await allPremises();
      this.error = null;
      this.keptSince = null;
      remember("premises", this.items, now());
      if (this.items.length && now() - this.#usualAt > USUAL_MS) await this.#fetchUsual();
    } catch (error) {
      const kept = recall("premises");
      if (error instanceof UnreachableError && kept) {
        this.items = kept.content;
        this.keptSince = kept.at;
        this.uses = recall("usual")?.content ?? [];
      } else {
        this.error = error;
      }
    }
  }

  /** Without it the cards lack a line, and say all else. */
  async #fetchUsual() {
    try {
      this.uses = await usualOfAll();
      this.#usualAt = now();
      remember("usual", this.uses, this.#usualAt);
    } catch (error) {
      console.info("Usual days are not there now:", error.message);
    }
  }

  render() {
    return html`
      <main id="content" class="page">
        <h1>${t("my_buildings")}</h1>
        ${this.keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${this.keptSince} .words=${"kept_since"}></iskar-age></p>` : nothing}
        ${this.#content()}
      </main>`;
  }

  #content() {
    if (this.items?.length) return this.#list();
    if (this.items) return emptyAccount(recall("user")?.content.email);
    if (!this.error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`<p class="problem card" role="alert">${problemText(this.error)}
      <button class="primary" @click=${this.#refresh}>${t("retry")}</button></p>`;
  }

  #list() {
    const found = this.items.filter((item) => fits(item, this.wanted)).toSorted((a, b) => urgencyOf(a) - urgencyOf(b));
    return html`
      ${this.items.length >= SEARCHED_FROM ? html`
        <div class="home-search">
          <label for="home-search">${t("home_search")}</label>
          <input id="home-search" type="search" autocomplete="off" .value=${this.wanted} @input=${(event) => { this.wanted = event.target.value; }}>
          <p role="status">${this.wanted.trim() ? t("home_found", { n: found.length }) : nothing}</p>
        </div>` : nothing}
      <ul class="buildings">${found.map((item) => buildingCard(item, this.#usesOf(item), !this.keptSince))}</ul>`;
  }

  #usesOf({ premises_id }) {
    return this.uses.filter((one) => one.premisesId === premises_id);
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
