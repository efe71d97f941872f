// SPDX-License-Identifier: EUPL-1.2
/** All alerts of my buildings: those that are open, then those that are over, a page at a time. */

import { html, nothing } from "lit";
import { isOpen, lostText, titleOf } from "../alert_facts.js";
import { alertsOver, openAlerts } from "../alerts_api.js";
import { allPremises, UnreachableError } from "../api.js";
import { momentText } from "../calendar.js";
import { now } from "../clock.js";
import "../components/age.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import { isOfMeter } from "../kinds.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { recall, remember } from "../store.js";
import { euroText } from "../units.js";
import "../words/alert_pages.js";

const REFRESH_MS = 30_000;

export class AllAlerts extends Element {
  static properties = {
    buildings: { state: true }, open: { state: true }, over: { state: true }, next: { state: true }, premisesId: { state: true },
    isLoading: { state: true }, keptSince: { state: true }, error: { state: true },
  };

  #timer;
  #refresh = () => this.#fetch();

  constructor() {
    super();
    this.buildings = [];
    this.open = null; // not known yet
    this.over = [];
    this.next = null; // where older ones begin
    this.premisesId = ""; // of all buildings
    this.isLoading = false;
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
    const wanted = this.premisesId;
    try {
      const [buildings, open, page] = await Promise.all([allPremises(), openAlerts(wanted), alertsOver(wanted)]);
      if (wanted !== this.premisesId) return; // another building was chosen meanwhile
      this.buildings = buildings.map(({ premises_id, name }) => ({ premises_id, name }));
      this.open = open;
      this.#joinFirst(page);
      this.error = null;
      this.keptSince = null;
      remember(`alerts/${wanted}`, { buildings: this.buildings, open, over: page.items }, now());
    } catch (error) {
      if (wanted === this.premisesId) this.#fallBack(error);
    }
  }

  /** The newest page in place of what it overlaps; older ones that were asked for stay. */
  #joinFirst(page) {
    const ids = new Set(page.items.map((one) => one.alert_id));
    const last = page.items.at(-1);
    const older = last ? this.over.filter((one) => !ids.has(one.alert_id) && Date.parse(one.raised_at) < Date.parse(last.raised_at)) : [];
    this.over = [...page.items, ...older];
    if (!older.length) this.next = page.next_cursor;
  }

  #fallBack(error) {
    const kept = recall(`alerts/${this.premisesId}`);
    if (error instanceof UnreachableError && kept) {
      this.buildings = kept.content.buildings;
      this.open = kept.content.open;
      if (!this.over.length) this.over = kept.content.over;
      this.keptSince = kept.at;
    } else {
      this.error = error;
    }
  }

  #choose(event) {
    Object.assign(this, { premisesId: event.target.value, open: null, over: [], next: null, error: null, keptSince: null });
    this.#fetch();
  }

  async #older() {
    if (this.isLoading) return;
    const wanted = this.premisesId;
    this.isLoading = true;
    this.error = null;
    try {
      const page = await alertsOver(wanted, this.next);
      if (wanted === this.premisesId) {
        this.over = [...this.over, ...page.items];
        this.next = page.next_cursor;
      }
    } catch (error) {
      this.error = error;
    }
    this.isLoading = false;
  }

  render() {
    return html`
      <main id="content" class="page all-alerts">
        <div class="all-alerts-head"><h1>${t("alertpage_all")}</h1><a class="button outlined" href="#/notices">${t("alertpage_to_notices")}</a></div>
        ${this.keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${this.keptSince} .words=${"alertpage_kept"}></iskar-age></p>` : nothing}
        ${this.buildings.length > 1 ? this.#filter() : nothing}
        ${this.open ? this.#content() : nothing}
        ${this.error ? html`<p class="problem card" role="alert">${problemText(this.error)}
          <button class="primary" @click=${this.#refresh}>${t("retry")}</button></p>` : nothing}
        ${this.open || this.error ? nothing : html`<p class="empty" role="status">${t("loading")}</p>`}
      </main>`;
  }

  #filter() {
    return html`
      <div class="all-alerts-filter"><label for="alerts-of">${t("alertpage_filter")}</label>
        <select id="alerts-of" @change=${this.#choose}>
          <option value="" ?selected=${!this.premisesId}>${t("alertpage_everywhere")}</option>
          ${this.buildings.map(({ premises_id, name }) => html`<option value=${premises_id} ?selected=${premises_id === this.premisesId}>${named(name)}</option>`)}
        </select></div>`;
  }

  #content() {
    return html`
      <section aria-labelledby="alerts-open"><h2 id="alerts-open">${t("alertpage_open")}</h2>
        ${this.open.length ? html`<ul class="alert-rows">${this.open.map((one) => this.#row(one))}</ul>` : html`<p class="quiet-line">${icon("check")}${t("alertpage_quiet")}</p>`}
      </section>
      <section aria-labelledby="alerts-over"><h2 id="alerts-over">${t("alertpage_over")}</h2>
        ${this.over.length ? html`<ul class="alert-rows">${this.over.map((one) => this.#row(one))}</ul>` : html`<p class="note">${t("alertpage_none_over")}</p>`}
        ${this.next && !this.keptSince ? html`<button class="quiet bordered" aria-disabled=${this.isLoading ? "true" : nothing} @click=${this.#older}>${t(this.isLoading ? "loading" : "alertpage_more")}</button>` : nothing}
      </section>`;
  }

  #row(alert) {
    const building = this.buildings.find((one) => one.premises_id === alert.premises_id);
    const at = isOpen(alert) || !alert.resolved_at ? ["alertpage_from", alert.started_at] : ["alertpage_until", alert.resolved_at];
    const cost = isOfMeter(alert) ? null : euroText(alert.cost_eur, language());
    return html`
      <li><a class="card alert-row alert-${alert.state}" href="#/alerts/${encodeURIComponent(alert.alert_id)}" data-alert=${alert.alert_id}>
        <span class="alert-icon">${icon(isOpen(alert) ? "alert" : "check")}</span>
        <span class="alert-row-words"><b>${titleOf(alert)}</b>
          <small>${building ? `${named(building.name)} · ` : nothing}${t(at[0], { when: momentText(Date.parse(at[1]), language()) })}</small></span>
        <span class="alert-row-figures"><span class="badge badge-${alert.state}">${t(alert.state)}</span>
          ${isOfMeter(alert) ? nothing : html`<b>${cost ?? lostText(alert, alert)}</b>`}</span>
      </a></li>`;
  }
}
customElements.define("iskar-all-alerts", AllAlerts);
