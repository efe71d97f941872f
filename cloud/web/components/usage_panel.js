// SPDX-License-Identifier: EUPL-1.2
/** A building's use of one utility: a day by hours and a year by months, each to be paged through. */

import { html, nothing } from "lit";
import { addDays, dateText, dayOf, hoursOf, hourText, longDate, monthsOf, offsetText } from "../calendar.js";
import { now, Ticker } from "../clock.js";
import { costWords } from "../cost.js";
import { language, t } from "../language.js";
import { Periods } from "../periods.js";
import { fill } from "../usage.js";
import "./age.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";
import "./usage_chart.js";

const REFRESH_MS = 30_000;

export class UsagePanel extends Element {
  static properties = {
    premisesId: {},
    utilities: { hasChanged: (one, other) => one?.join() !== other?.join() }, // not at every reading
    utility: { state: true },
    day: { state: true },
    year: { state: true },
  };

  #periods = new Periods(this);

  constructor() {
    super();
    this.premisesId = "";
    this.utilities = [];
    this.utility = null;
    this.day = null; // today, also after midnight
    this.year = null; // this year
    new Ticker(this, REFRESH_MS);
  }

  willUpdate() {
    if (!this.utilities.includes(this.utility)) this.utility = this.utilities[0] ?? null;
    if (!this.utility) return;
    const { premisesId, utility } = this;
    const day = this.day ?? dayOf(now());
    const year = this.year ?? yearOf(dayOf(now()));
    this.#periods.want({
      day: { premisesId, utility, resolution: "hour", from: day, to: addDays(day, 1) },
      year: { premisesId, utility, resolution: "month", from: `${year}-01-01`, to: `${year + 1}-01-01` },
    });
  }

  render() {
    if (!this.utility) return nothing;
    return html`
      <section class="usage u-${this.utility}" aria-labelledby="usage-title">
        <h2 id="usage-title">${t("usage")}</h2>
        <div class="tabs" role="group" aria-label=${t("usage")}>
          ${this.utilities.map((utility) => html`
            <button class="tab u-${utility}" aria-pressed=${utility === this.utility} @click=${() => { this.utility = utility; }}>
              ${icon(utility)}${t(utility)}</button>`)}
        </div>
        <div class="charts">${this.#day()} ${this.#year()}</div>
      </section>`;
  }

  #day() {
    const today = dayOf(now());
    const day = this.day ?? today;
    const hours = hoursOf(day);
    const title = day === today ? `${t("today")}, ${longDate(day, language())}` : longDate(day, language());
    const show = (other) => () => { this.day = other === today ? null : other; };
    const note = { 25: "long_day", 23: "short_day" }[hours.length];
    return this.#card("day", {
      title, subtitle: t("by_hour"), note, slots: hours, each: "hours",
      axisText: (slot) => hourText(slot.start).slice(0, 2),
      slotText: (slot) => hourWords(slot, hours),
      previous: ["previous_day", show(addDays(day, -1))],
      next: ["next_day", day < today && show(addDays(day, 1))],
    });
  }

  #year() {
    const thisYear = yearOf(dayOf(now()));
    const year = this.year ?? thisYear;
    const show = (other) => () => { this.year = other === thisYear ? null : other; };
    return this.#card("year", {
      title: t("year", { year }), subtitle: t("by_month"), slots: monthsOf(year), each: "months",
      axisText: (slot) => dateText(slot.start, language(), { month: "long" }).slice(0, 3),
      slotText: (slot) => dateText(slot.start, language(), { month: "long" }),
      previous: ["previous_year", show(year - 1)],
      next: ["next_year", year < thisYear && show(year + 1)],
    });
  }

  #card(name, { title, subtitle, note = "", slots, each, axisText, slotText, previous, next }) {
    const { usage, cost, keptSince, isUnknown } = this.#periods.get(name);
    const paid = usage && !keptSince ? costWords(cost) : null;
    return html`
      <article class="card chart-card" data-chart=${name}>
        <header>
          <h3>${title}<small>${subtitle}</small></h3>
          ${pager("left", ...previous)}${pager("right", ...next)}
        </header>
        ${note ? html`<p class="note">${t(note)}</p>` : nothing}
        ${keptSince ? html`<p class="note"><iskar-age .at=${keptSince} .words=${"usage_kept"}></iskar-age></p>` : nothing}
        ${paid ? html`<p class="note cost">${paid}</p>` : nothing}
        ${usage ? html`
          <iskar-chart .filled=${fill(slots, usage.intervals, now())} .unit=${usage.unit} .each=${each}
            .axisText=${axisText} .slotText=${slotText} .label="${t(this.utility)}, ${title}"></iskar-chart>`
          : html`<p class="chart-empty">${t(isUnknown ? "usage_offline" : "loading")}</p>`}
      </article>`;
  }
}
customElements.define("iskar-usage", UsagePanel);

const yearOf = (day) => Number(day.slice(0, 4));

function pager(direction, label, act) {
  return html`<button class="round" aria-label=${t(label)} title=${t(label)} ?disabled=${!act} @click=${act || nothing}>${icon(direction)}</button>`;
}

/** "07:00–08:00"; with the offset where a clock change makes the hour ambiguous. */
function hourWords(slot, hours) {
  const text = `${hourText(slot.start)}–${hourText(slot.end)}`;
  const isTwice = hours.filter((hour) => hourText(hour.start) === hourText(slot.start)).length > 1;
  return isTwice ? `${text} (UTC${offsetText(slot.start)})` : text;
}
