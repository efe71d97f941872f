// SPDX-License-Identifier: EUPL-1.2
/** What was said of a meter: corrections and events with who made them and why, and what rules found in its data. */

import { html, nothing } from "lit";
import { dateText } from "../calendar.js";
import { language, t } from "../language.js";
import { findingsOf, trailOf } from "../meter_api.js";
import { Pages } from "../pages.js";
import { exactText } from "../units.js";
import { Element } from "./element.js";
import { moreOf } from "./more.js";

const AT_ONCE = 10;

export class MeterSaid extends Element {
  static properties = { servicePointId: {} };

  #trail = new Pages(this, (cursor) => trailOf(this.servicePointId, AT_ONCE, cursor));
  #findings = new Pages(this, (cursor) => findingsOf(this.servicePointId, AT_ONCE, cursor));

  constructor() {
    super();
    this.servicePointId = "";
  }

  willUpdate(changed) {
    if (!changed.get("servicePointId")) return; // the first is asked for by the listings themselves
    this.#trail.restart();
    this.#findings.restart();
  }

  render() {
    return html`
      <section class="card meter-said" aria-labelledby="meter-trail-title" data-part="trail">
        <h2 id="meter-trail-title">${t("meter_trail")}</h2>
        ${list(this.#trail, said, "meter_trail_none")}
        ${moreOf(this.#trail, t("meter_more"))}
      </section>
      <section class="card meter-said" aria-labelledby="meter-findings-title" data-part="findings">
        <h2 id="meter-findings-title">${t("meter_findings")}</h2>
        ${list(this.#findings, finding, "meter_findings_none")}
        ${moreOf(this.#findings, t("meter_more"))}
      </section>`;
  }
}
customElements.define("iskar-meter-said", MeterSaid);

function list(pages, entry, none) {
  if (!pages.items) return nothing;
  return pages.items.length ? html`<ol class="said">${pages.items.map(entry)}</ol>` : html`<p class="note">${t(none)}</p>`;
}

function said({ said_at, action, by, because, event, correction }) {
  const what = event ? t(`event_${event.kind}`) : t(`meter_correction_${correction.kind}`);
  return html`
    <li data-action=${action} data-kind=${event?.kind ?? correction.kind}>
      <b>${action === "undone" ? t("meter_undone", { what }) : what}</b>
      <span>${event ? moment(event.at) : spanText(correction.since, correction.until)}</span>
      ${event ? registers(event) : nothing}
      ${correction && correction.usage !== null ? html`<span>${exactText(correction.usage, correction.unit, language())}</span>` : nothing}
      <span>${because}</span>
      <small>${t("meter_said_by", { who: by.replace(/^(person|token):/, ""), when: moment(said_at) })}</small>
    </li>`;
}

function registers({ register_before, register_after, unit }) {
  if (register_before === null && register_after === null) return nothing;
  return html`<span>${t("meter_registers", { before: exactText(register_before, unit, language()), after: exactText(register_after, unit, language()) })}</span>`;
}

const finding = ({ rule, started_at, ended_at, severity, explanation }) => html`
  <li data-rule=${rule}>
    <b>${t(`meter_severity_${severity}`)}</b>
    <span>${spanText(started_at, ended_at)}</span>
    <span lang="en">${explanation}</span>
  </li>`;

const moment = (at) => dateText(Date.parse(at), language(), {
  day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const spanText = (from, to) => `${moment(from)} – ${to ? moment(to) : t("until_now")}`;
