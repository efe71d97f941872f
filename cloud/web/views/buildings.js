// SPDX-License-Identifier: EUPL-1.2
/** My buildings: a card each, with today's use and open alerts. */

import { html, nothing } from "lit";
import { allPremises, UnreachableError } from "../api.js";
import { now } from "../clock.js";
import "../components/age.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import { Gas } from "../gas.js";
import { problemText } from "../problem.js";
import { kindOf } from "../kinds.js";
import { language, named, t } from "../language.js";
import { recall, remember } from "../store.js";
import { quantity } from "../units.js";
import { byUtility } from "../usage.js";

const REFRESH_MS = 10_000;

export class Buildings extends Element {
  static properties = { items: { state: true }, keptSince: { state: true }, error: { state: true } };

  #timer;
  #gas = new Gas(this);
  #refresh = () => this.#fetch();

  constructor() {
    super();
    this.items = null;
    this.keptSince = null;
    this.error = null;
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
    } catch (error) {
      const kept = recall("premises");
      if (error instanceof UnreachableError && kept) {
        this.items = kept.content;
        this.keptSince = kept.at;
      } else {
        this.error = error;
      }
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
    if (this.items?.length) return html`<ul class="buildings">${this.items.map((item) => building(item, this.#gas))}</ul>`;
    if (this.items) return html`<p class="empty card">${t("no_buildings")}</p>`;
    if (!this.error) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`<p class="problem card" role="alert">${problemText(this.error)}
      <button class="primary" @click=${this.#refresh}>${t("retry")}</button></p>`;
  }
}
customElements.define("iskar-buildings", Buildings);

function building({ premises_id, name, kind, address, open_alerts, today }, gas) {
  const used = byUtility(today).map((one) => (one.utility === "gas" ? { ...one, ...gas.today(premises_id) } : one));
  const converted = used.find((one) => one.words)?.words;
  return html`
    <li>
      <a class="card building ${open_alerts ? "has-alerts" : ""}" href="#/premises/${premises_id}" data-premises=${premises_id}>
        <header>
          <span class="building-icon">${icon(kindOf(kind))}</span>
          <span><h2>${named(name)}</h2><small>${t(kindOf(kind))} · ${named(address)}</small></span>
        </header>
        <p class="building-alerts" data-open-alerts=${open_alerts}>
          ${icon(open_alerts ? "alert" : "check")}${open_alerts ? t("open_alerts", { n: open_alerts }) : t("no_alerts")}</p>
        <p class="today-title">${t("today")}</p>
        <dl class="today">
          ${used.map(({ utility, unit, usage }) => todayOf(utility, quantity(usage, unit, language())))}
        </dl>
        ${converted ? html`<p class="note today-note" data-conversions>${converted}</p>` : nothing}
      </a>
    </li>`;
}

const todayOf = (utility, { figure, unit }) => html`
  <div class="u-${utility}" data-utility=${utility}>
    <dt>${icon(utility)}${t(utility)}</dt>
    <dd><b>${figure}</b> ${unit}</dd>
  </div>`;
