// SPDX-License-Identifier: EUPL-1.2
/** All alerts of my buildings: those that are open, then those that are over, a page at a time. */

import { html, nothing } from "lit";
import { isOpen, lostOf, titleOf } from "../alert_facts.js";
import { alertsOver, openAlerts } from "../alerts_api.js";
import { allPremises } from "../api.js";
import { momentText } from "../calendar.js";
import "../components/age.js";
import { Asked } from "../components/asked.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import { Gas } from "../gas.js";
import { isOfMeter } from "../kinds.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { euroText } from "../units.js";
import "../words/alert_pages.js";

const REFRESH_MS = 30_000;

export class AllAlerts extends Element {
  static properties = { premisesId: { state: true }, isLoading: { state: true }, olderError: { state: true } };

  #asked = new Asked(this, null, null, REFRESH_MS);
  #joined = null;
  #gas = new Gas(this);

  constructor() {
    super();
    this.buildings = [];
    this.premisesId = "";
    this.over = []; // of all pages that were asked for
    this.next = null; // where older ones begin
    this.isLoading = false;
    this.olderError = null;
    this.#turnTo(""); // all buildings
  }

  #turnTo(premisesId) {
    Object.assign(this, { premisesId, over: [], next: null, olderError: null });
    this.#asked.turnTo(async () => {
      const [all, open, page] = await Promise.all([allPremises(), openAlerts(premisesId), alertsOver(premisesId)]);
      const buildings = all.map(({ premises_id, name }) => ({ premises_id, name }));
      return { buildings, open, over: page.items, next: page.next_cursor };
    }, `alerts/${premisesId}`);
  }

  willUpdate() {
    const { content } = this.#asked;
    if (content && content !== this.#joined) this.#joinFirst(content);
    this.#joined = content;
  }

  /** The newest page in place of what it overlaps; older ones that were asked for stay. */
  #joinFirst({ buildings, over, next }) {
    this.buildings = buildings;
    const ids = new Set(over.map((one) => one.alert_id));
    const last = over.at(-1);
    const older = last ? this.over.filter((one) => !ids.has(one.alert_id) && Date.parse(one.raised_at) < Date.parse(last.raised_at)) : [];
    this.over = [...over, ...older];
    if (!older.length) this.next = next ?? null;
  }

  async #older() {
    if (this.isLoading) return;
    const wanted = this.premisesId;
    this.isLoading = true;
    this.olderError = null;
    try {
      const page = await alertsOver(wanted, this.next);
      if (wanted === this.premisesId) {
        this.over = [...this.over, ...page.items];
        this.next = page.next_cursor;
      }
    } catch (error) {
      if (wanted === this.premisesId) this.olderError = error;
    }
    this.isLoading = false;
  }

  render() {
    const { content, keptSince, error: unasked } = this.#asked;
    const error = this.olderError ?? (content ? null : unasked);
    return html`
      <main id="content" class="page all-alerts">
        <div class="all-alerts-head"><h1>${t("alertpage_all")}</h1><a class="button outlined" href="#/notices">${t("alertpage_to_notices")}</a></div>
        ${keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${keptSince} .words=${"alertpage_kept"}></iskar-age></p>` : nothing}
        ${this.buildings.length > 1 ? this.#filter() : nothing}
        ${content ? this.#content(content) : nothing}
        ${error ? html`<p class="problem card" role="alert">${problemText(error)}
          <button class="primary" @click=${this.olderError ? this.#older : this.#asked.refresh}>${t("retry")}</button></p>` : nothing}
        ${content || error ? nothing : html`<p class="empty" role="status">${t("loading")}</p>`}
      </main>`;
  }

  #filter() {
    return html`
      <div class="all-alerts-filter"><label for="alerts-of">${t("alertpage_filter")}</label>
        <select id="alerts-of" @change=${(event) => this.#turnTo(event.target.value)}>
          <option value="" ?selected=${!this.premisesId}>${t("alertpage_everywhere")}</option>
          ${this.buildings.map(({ premises_id, name }) => html`<option value=${premises_id} ?selected=${premises_id === this.premisesId}>${named(name)}</option>`)}
        </select></div>`;
  }

  #content({ open }) {
    return html`
      <section aria-labelledby="alerts-open"><h2 id="alerts-open">${t("alertpage_open")}</h2>
        ${open.length ? html`<ul class="alert-rows">${open.map((one) => this.#row(one))}</ul>` : html`<p class="quiet-line">${icon("check")}${t("alertpage_quiet")}</p>`}
      </section>
      <section aria-labelledby="alerts-over"><h2 id="alerts-over">${t("alertpage_over")}</h2>
        ${this.over.length ? html`<ul class="alert-rows">${this.over.map((one) => this.#row(one))}</ul>` : html`<p class="note">${t("alertpage_none_over")}</p>`}
        ${this.next && !this.#asked.keptSince ? html`<button class="quiet bordered" aria-disabled=${this.isLoading ? "true" : nothing} @click=${this.#older}>${t(this.isLoading ? "loading" : "alertpage_more")}</button>` : nothing}
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
          ${isOfMeter(alert) ? nothing : html`<b>${cost ?? lostOf(alert, this.#gas)}</b>`}</span>
      </a></li>`;
  }
}
customElements.define("iskar-all-alerts", AllAlerts);
