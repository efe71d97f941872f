// SPDX-License-Identifier: EUPL-1.2
/** A building compared: today with a usual day, last month with similar buildings. Asked for when it comes into sight. */

import { html, nothing } from "lit";
import { attempt } from "../api.js";
import { dateText, midnight } from "../calendar.js";
import { now, Ticker } from "../clock.js";
import { peersOf, usualOf } from "../home_api.js";
import { language, t } from "../language.js";
import { problemText } from "../problem.js";
import { recall, remember } from "../store.js";
import { amountText } from "../units.js";
import "../words/home.js";
import "./age.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";
import { rangeBar, usualText } from "./usual_bar.js";

const REFRESH_MS = 5 * 60_000;

export class Compared extends Element {
  static isLater = true;
  static properties = { premisesId: {}, told: { state: true } };

  #seen;
  #inSight = false;
  #fetchedAt = 0;

  constructor() {
    super();
    this.premisesId = "";
    this.told = null; // {uses, peers, at, keptSince}, or {error}
    new Ticker(this, 30_000);
  }

  connectedCallback() {
    super.connectedCallback();
    this.#seen = new IntersectionObserver((entries) => {
      this.#inSight = entries.some((entry) => entry.isIntersecting);
      if (this.#inSight) this.requestUpdate();
    }, { rootMargin: "200px" });
    this.#seen.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#seen.disconnect();
  }

  willUpdate(changed) {
    if (changed.has("premisesId")) {
      this.told = null;
      this.#fetchedAt = 0;
    }
    if (this.#inSight && now() - this.#fetchedAt > REFRESH_MS) this.#fetch();
  }

  async #fetch() {
    const id = this.premisesId;
    this.#fetchedAt = now();
    const [uses, peers] = await Promise.all([attempt(usualOf(id)), attempt(peersOf(id))]);
    if (id !== this.premisesId) return;
    if (uses.error) {
      const kept = recall(`compared/${id}`);
      this.told = kept && !uses.error.status ? { ...kept.content, keptSince: kept.at } : { error: uses.error };
      return;
    }
    const told = { uses, peers: peers.error ? null : peers };
    remember(`compared/${id}`, told, now());
    this.told = told;
  }

  render() {
    const { told } = this;
    if (!told || [403, 404].includes(told.error?.status)) return nothing;
    return html`
      <section class="card compared" aria-labelledby="compared-title">
        <h2 id="compared-title">${t("compared_title")}</h2>
        ${told.error ? html`<p class="note" role="status">${t("compared_failed")} ${problemText(told.error)}</p>` : html`
          ${told.keptSince ? html`<p class="note"><iskar-age .at=${told.keptSince} .words=${"compared_kept"}></iskar-age></p>` : nothing}
          <h3>${t("compared_today")}</h3>
          <ul class="compared-list">${told.uses.map(ofToday)}</ul>
          ${told.peers?.uses.length ? html`
            <h3>${t("compared_peers", { month: dateText(midnight(`${told.peers.month}-01`), language(), { month: "long", year: "numeric" }) })}</h3>
            <ul class="compared-list">${told.peers.uses.map((one) => ofPeers(one, told.peers.per))}</ul>` : nothing}`}
      </section>`;
  }
}
customElements.define("iskar-compared", Compared);

const words = (amount, unit) => amountText(amount, unit, language());
const between = (low, high, unit) => t("range_and", { low: words(low, unit), high: words(high, unit) });

function ofToday(one) {
  const { utility, unit, amount, usual, dayKind } = one;
  return html`
    <li class="u-${utility}" data-compared=${utility}>
      <h4>${icon(utility)}${t(utility)}</h4>
      ${usual ? rangeBar(amount, usual.low, usual.median, usual.high) : nothing}
      <p>${usualText(one)}</p>
      ${usual ? html`<p class="note">${t(usual.likeness === "weather" ? "usual_by_weather" : "usual_by_kind", {
        n: usual.days, kind: t(`day_${dayKind}`), range: between(usual.low, usual.high, unit),
      })}</p>` : nothing}
    </li>`;
}

function ofPeers({ utility, unit, amount, peers, reason }, per) {
  const place = !peers ? null : amount < peers.lower ? "low" : amount > peers.upper ? "high" : "middle";
  return html`
    <li class="u-${utility}" data-peers=${utility}>
      <h4>${icon(utility)}${t(utility)}</h4>
      ${peers ? html`
        ${rangeBar(amount, peers.lower, peers.median, peers.upper)}
        <p>${t(`peers_line_${per}`, { amount: words(amount, unit), median: words(peers.median, unit) })} ${t(`peers_${place}`)}</p>
        <p class="note">${t("peers_basis", { n: peers.buildings })}</p>` : html`<p>${t(`peers_${reason}`)}</p>`}
    </li>`;
}
