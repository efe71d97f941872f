// SPDX-License-Identifier: EUPL-1.2
/** One hour of a meter: its register at both ends with the readings around them, and every raw reading. */

import { html, nothing } from "lit";
import { dateText, offsetText } from "../calendar.js";
import { now } from "../clock.js";
import { language, t } from "../language.js";
import { readingsOf, registerAt } from "../meter_api.js";
import { Pages } from "../pages.js";
import { problemText } from "../problem.js";
import { exactText, NOTHING } from "../units.js";
import { Element } from "./element.js";
import { moreOf } from "./more.js";

const AT_ONCE = 10;
const KEPT_MS = 90 * 86_400_000; // unless the operator keeps them for longer

export class MeterHour extends Element {
  static properties = { servicePointId: {}, slot: {}, ends: { state: true }, error: { state: true } };

  #readings = new Pages(this, (cursor) => readingsOf(this.servicePointId, this.slot, AT_ONCE, cursor));

  constructor() {
    super();
    this.servicePointId = "";
    this.slot = null; // {start, end} in ms
    this.ends = null; // the register at the start and at the end, as the cloud tells it
    this.error = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
  }

  async #load() {
    try {
      const instants = [this.slot.start, Math.min(this.slot.end, now())];
      this.ends = await Promise.all(instants.map((instant) => registerAt(this.servicePointId, instant)));
      this.error = null;
    } catch (error) {
      this.error = error;
    }
  }

  render() {
    return html`
      <div class="meter-hour">
        ${this.error ? html`<p class="problem" role="alert">${problemText(this.error)}
          <button class="quiet" @click=${this.#load}>${t("retry")}</button></p>` : nothing}
        ${this.ends?.every(Boolean) && this.ends[0].meter_id !== this.ends[1].meter_id ? html`<p class="note" data-exchanged>${t("meter_exchanged")}</p>` : nothing}
        ${this.ends ? html`<dl class="facts-list">${this.#end("meter_at_start", this.slot.start, this.ends[0])}
          ${this.#end("meter_at_end", Math.min(this.slot.end, now()), this.ends[1])}</dl>` : nothing}
        <h4>${t("meter_readings")}</h4>
        ${this.#readings.items?.length ? html`<ul class="readings">${this.#readings.items.map(reading)}</ul>` : nothing}
        ${this.#readings.items?.length === 0 ? html`<p class="note">${t(this.slot.end < now() - KEPT_MS ? "meter_readings_gone" : "meter_readings_none")}</p>` : nothing}
        ${moreOf(this.#readings, t("meter_readings_more"))}
      </div>`;
  }

  #end(key, instant, told) {
    const around = [told?.before, told?.after].filter(Boolean);
    const isRead = told?.before && Date.parse(told.before.read_at) === instant;
    return html`
      <div data-end=${key}>
        <dt>${t(key, { time: clock(instant) })}</dt>
        <dd><b>${exactText(told?.register ?? null, told?.unit, language())}</b>
          ${told ? html`<small>${t(isRead ? "meter_as_read" : told.register === null ? "meter_register_unknown" : "meter_between")}</small>` : html`<small>${t("meter_register_unknown")}</small>`}
          ${isRead ? nothing : around.map((one) => html`<small>${t("meter_neighbour", { time: moment(one.read_at), register: exactText(one.register, one.unit, language()) })}</small>`)}
        </dd>
      </div>`;
  }
}
customElements.define("iskar-meter-hour", MeterHour);

const clock = (instant) => `${dateText(instant, language(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })} (UTC${offsetText(instant)})`;

/** "25 October, 03:59:58 (UTC+03:00)": the second of a reading, in no doubt. */
function moment(at) {
  const instant = Date.parse(at);
  const text = dateText(instant, language(), {
    day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
  return `${text} (UTC${offsetText(instant)})`;
}

export function qualityWords(names) {
  return names.length ? names.map((name) => t(`q_${name}`)).join(", ") : t("q_good");
}

function reading(one) {
  return html`
    <li data-counts=${one.counts}>
      <b>${exactText(one.register, one.unit, language())}</b>
      <span>${moment(one.read_at)}</span>
      <span>${one.received_at ? t("meter_received", { time: moment(one.received_at) }) : NOTHING}</span>
      <span>${qualityWords(one.quality)}</span>
      <small>${t("meter_telegram", { node: one.node_id, boot: one.boot, sequence: one.sequence })}</small>
      ${one.counts ? nothing : html`<small class="not-counted">${t("meter_not_counted", { why: one.excluded_because ?? one.excluded_by ?? NOTHING })}</small>`}
    </li>`;
}
