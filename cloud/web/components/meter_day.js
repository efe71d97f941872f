// SPDX-License-Identifier: EUPL-1.2
/** A day of one meter by its 23, 24 or 25 hours; each opens down to the readings it comes from. */

import { html, nothing } from "lit";
import { UnreachableError, usageRoute } from "../api.js";
import { addDays, dayOf, hoursOf, hourText, longDate, offsetText } from "../calendar.js";
import { now, Ticker } from "../clock.js";
import { conversionWords } from "../gas.js";
import { language, t } from "../language.js";
import { hoursOfPoint } from "../meter_api.js";
import { problemText } from "../problem.js";
import { recall, remember } from "../store.js";
import { amountText } from "../units.js";
import { fill, summarise } from "../usage.js";
import "./age.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";
import { qualityWords } from "./meter_hour.js";
import "./unit_choice.js";

const REFRESH_MS = 30_000;

export class MeterDay extends Element {
  static properties = {
    premisesId: {}, servicePointId: {}, utility: {}, day: {},
    told: { state: true }, keptSince: { state: true }, error: { state: true }, opened: { state: true },
  };

  #key = "";
  #askedAt = 0;

  constructor() {
    super();
    this.premisesId = "";
    this.servicePointId = "";
    this.utility = "";
    this.day = null; // null: today, also after midnight
    this.told = null;
    this.keptSince = null;
    this.error = null;
    this.opened = new Set(); // the starts of hours that somebody opened
    new Ticker(this, REFRESH_MS);
  }

  get #shown() {
    return this.day ?? dayOf(now());
  }

  willUpdate() {
    const key = `${usageRoute(this.utility)}/${this.premisesId}/point/${this.servicePointId}/${this.#shown}`;
    if (key === this.#key && now() - this.#askedAt < REFRESH_MS) return;
    if (key !== this.#key) Object.assign(this, { told: null, keptSince: null, error: null, opened: new Set() });
    this.#key = key;
    this.#askedAt = now();
    this.#fetch(key, this.#shown);
  }

  async #fetch(key, day) {
    try {
      const told = await hoursOfPoint(this.servicePointId, this.utility, day, addDays(day, 1));
      remember(key, told, now());
      if (key === this.#key) Object.assign(this, { told, keptSince: null, error: null });
    } catch (error) {
      if (key !== this.#key) return;
      const kept = error instanceof UnreachableError ? recall(key) : null;
      if (kept) Object.assign(this, { told: kept.content, keptSince: kept.at, error: null });
      else this.error = error;
    }
  }

  render() {
    const day = this.#shown;
    const hours = hoursOf(day);
    const today = dayOf(now());
    const note = { 25: "long_day", 23: "short_day" }[hours.length];
    return html`
      <section class="card meter-day u-${this.utility}" aria-labelledby="meter-day-title" data-day=${day}>
        <header>
          <h2 id="meter-day-title">${day === today ? `${t("today")}, ` : nothing}${longDate(day, language())}<small>${day.slice(0, 4)}</small></h2>
          ${this.#pager("left", "previous_day", addDays(day, -1))}
          ${day < today ? this.#pager("right", "next_day", addDays(day, 1)) : nothing}
        </header>
        ${note ? html`<p class="note">${t(note)}</p>` : nothing}
        <iskar-unit-choice .utility=${this.utility}></iskar-unit-choice>
        ${this.keptSince ? html`<p class="note"><iskar-age .at=${this.keptSince} .words=${"usage_kept"}></iskar-age></p>` : nothing}
        ${this.told ? this.#hours(hours) : this.#waiting()}
      </section>`;
  }

  #pager(direction, label, day) {
    const address = `#/premises/${encodeURIComponent(this.premisesId)}/meters/${encodeURIComponent(this.servicePointId)}/${day}`;
    return html`<a class="round" href=${address} aria-label=${t(label)} title=${t(label)}>${icon(direction)}</a>`;
  }

  #waiting() {
    if (!this.error) return html`<p class="chart-empty" role="status">${t("loading")}</p>`;
    return html`<p class="problem" role="alert">${this.error instanceof UnreachableError ? t("usage_offline") : problemText(this.error)}</p>`;
  }

  #hours(hours) {
    const { unit, intervals, conversions } = this.told;
    const filled = fill(hours, intervals, now());
    const byStart = new Map(intervals.map((one) => [Date.parse(one.interval_start), one]));
    const { total, missing, estimated, pending, running } = summarise(filled);
    return html`
      <p class="chart-total" data-total=${total ?? ""}><b>${amountText(total, unit, language())}</b>
        ${total === null ? t("total_none") : t(pending || running ? "total_so_far" : "total")}</p>
      ${missing ? html`<p class="note">${t("hours_missing", { n: missing })}</p>` : nothing}
      ${estimated ? html`<p class="note">${t("hours_estimated", { n: estimated })}</p>` : nothing}
      ${conversions ? html`<p class="note" data-conversions>${conversionWords(this.told)}</p>` : nothing}
      <p class="note">${t("meter_open_hour")}</p>
      <ol class="hours">${filled.filter(({ start }) => start <= now()).map((slot) => this.#hour(slot, byStart.get(slot.start), unit, hours))}</ol>`;
  }

  #hour(slot, told, unit, hours) {
    return html`
      <li data-state=${slot.state} data-start=${new Date(slot.start).toISOString()}>
        <details .open=${this.opened.has(slot.start)} @toggle=${(event) => this.#open(slot.start, event.target.open)}>
          <summary ?inert=${slot.state === "pending"}>
            <span class="hour-name">${hourWords(slot, hours)}</span><b>${amountText(slot.usage, unit, language())}</b>
            <span class="hour-state">${stateWords(slot, told)}</span>
          </summary>
          ${this.opened.has(slot.start) ? html`<iskar-meter-hour .servicePointId=${this.servicePointId} .slot=${slot}></iskar-meter-hour>` : nothing}
        </details>
      </li>`;
  }

  #open(start, isOpen) {
    if (this.opened.has(start) === isOpen) return;
    const opened = new Set(this.opened);
    if (isOpen) opened.add(start);
    else opened.delete(start);
    this.opened = opened;
  }
}
customElements.define("iskar-meter-day", MeterDay);

/** What is to be said of an hour besides its amount: its state, and what its quality is in words. */
function stateWords(slot, told) {
  const names = (told?.quality ?? []).filter((name) => name !== "missing");
  const state = t(`state_${slot.state}`);
  if (!names.length || ["missing", "unconverted"].includes(slot.state)) return state;
  return slot.state === "estimated" ? qualityWords(names) : `${state}, ${qualityWords(names)}`;
}

/** "07:00–08:00"; with the offset where a clock change makes the hour ambiguous. */
function hourWords(slot, hours) {
  const text = `${hourText(slot.start)}–${hourText(slot.end)}`;
  const isTwice = hours.filter((hour) => hourText(hour.start) === hourText(slot.start)).length > 1;
  return isTwice ? `${text} (UTC${offsetText(slot.start)})` : text;
}
