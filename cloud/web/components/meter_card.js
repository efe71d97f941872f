// SPDX-License-Identifier: EUPL-1.2
/** One service point: its register, the flow now, how old and how good the reading is. */

import { html, nothing } from "lit";
import { momentText } from "../calendar.js";
import { now, Ticker } from "../clock.js";
import { language, named, t } from "../language.js";
import { rateOf } from "../rate.js";
import { amountText, decimal, NOTHING } from "../units.js";
import "./age.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";
import "./register_epochs.js";
import "./register_dial.js";

const LATE_MS = 2 * 60_000; // four samples of 30 s
const STALE_MS = 15 * 60_000;
const SILENT_MS = 65 * 60_000; // then the hour's use isn't known any more, as the cloud says in its list

export class MeterCard extends Element {
  static isLater = true;
  static properties = { premisesId: {}, point: {}, parent: {}, isOpen: { state: true } };

  constructor() {
    super();
    this.premisesId = "";
    this.point = null;
    this.parent = null;
    this.isOpen = false; // the registers are asked for once somebody looks
    new Ticker(this, 10_000);
  }

  render() {
    const { service_point_id, name, utility, register, unit, read_at, instantaneous } = this.point;
    const flow = rateOf(this.point);
    return html`
      <article class="meter ${this.parent ? "meter-part" : ""} u-${utility}" data-service-point=${service_point_id} data-freshness=${this.#freshness()}>
        <header>
          <span class="meter-icon">${icon(utility)}</span>
          <h3><a href="#/premises/${encodeURIComponent(this.premisesId)}/meters/${encodeURIComponent(service_point_id)}">${named(name)}</a>
            ${this.parent ? html`<small>${t("part_of", { name: named(this.parent.name) })}</small>` : nothing}</h3>
          ${flow === null ? nothing : html`
            <span class="meter-flow">${t("now_flow", { amount: amountText(flow, instantaneous.unit, language()) })}</span>`}
        </header>
        <iskar-dial .register=${register ?? null} .unit=${unit}></iskar-dial>
        <p class="freshness">${read_at ? html`<iskar-age .at=${Date.parse(read_at)}></iskar-age>` : t("never_read")}</p>
        ${this.#advice()}
        <details class="meter-details" @toggle=${(event) => { this.isOpen = event.target.open; }}>
          <summary><span>${read_at ? this.#quality() : t("meter_details")}</span></summary>
          ${this.#provenance()}
          ${this.isOpen ? html`<iskar-registers .servicePointId=${service_point_id}></iskar-registers>` : nothing}
        </details>
      </article>`;
  }

  #freshness() {
    if (!this.point.read_at) return "none";
    const ageMs = now() - Date.parse(this.point.read_at);
    if (ageMs < LATE_MS) return "fresh";
    return ageMs < STALE_MS ? "late" : "stale";
  }

  /** What to do about a sensor that isn't heard. */
  #advice() {
    const { meter, node_id, read_at } = this.point;
    if (!meter || (read_at && now() - Date.parse(read_at) < SILENT_MS)) return nothing;
    return html`<p class="meter-advice">${t(read_at ? "meter_silent" : "meter_awaited", { node: node_id ?? NOTHING })}</p>`;
  }

  #quality() {
    const names = this.point.quality ?? [];
    if (!names.length) return html`<span class="quality quality-good">${icon("check")}${t("q_good")}</span>`;
    return names.map((name) => html`<span class="quality">${t(`q_${name}`)}</span>`);
  }

  #provenance() {
    const { meter, node_id, reading_type, register, unit, read_at, received_at } = this.point;
    const rows = [
      ["make_model", meter && `${meter.make} ${meter.model}`],
      ["serial", meter?.serial],
      ["node", node_id],
      ["reading_type", reading_type],
      ["raw_register", register === null ? NOTHING : `${decimal(register, 0, language())} ${unit}`],
      ["read_at", read_at && momentText(Date.parse(read_at), language())],
      ["received_at", received_at && momentText(Date.parse(received_at), language())],
    ];
    return html`<dl>${rows.map(([key, text]) => html`<div><dt>${t(key)}</dt><dd>${text ?? NOTHING}</dd></div>`)}</dl>`;
  }
}
customElements.define("iskar-meter", MeterCard);
