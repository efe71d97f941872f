// SPDX-License-Identifier: EUPL-1.2
/** A building's use of one utility: a day, week, month or year as bars beside the same a year ago, ten years as one chart. */

import { html, nothing } from "lit";
import { dateText, dayOf, midnight } from "../calendar.js";
import { now, Ticker } from "../clock.js";
import { compare } from "../comparison.js";
import { costWords } from "../cost.js";
import { Exchanges } from "../exchanges.js";
import { Foretelling } from "../foretelling.js";
import { conversionWords } from "../gas.js";
import { language, t } from "../language.js";
import { Periods } from "../periods.js";
import { axisText, oddDay, PERIODS, slotText, spanOf, titleOf } from "../spans.js";
import { decimal, amountText } from "../units.js";
import { fill } from "../usage.js";
import "../words/usage.js";
import "./age.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";
import "./unit_choice.js";
import "./usage_chart.js";

const REFRESH_MS = 30_000;
const YEARS = "years";
const ALIKE = 0.01; // less than one in a hundred apart is the same

export class UsagePanel extends Element {
  static isLater = true;
  static properties = {
    premisesId: {},
    points: { hasChanged: (one, other) => namesOf(one) !== namesOf(other) }, // not at every reading
    utilities: { hasChanged: (one, other) => one?.join() !== other?.join() },
    utility: { state: true },
    period: { state: true },
    day: { state: true },
    hasLong: { state: true },
  };

  #periods = new Periods(this);
  #long = new Map(); // years of use, laid out
  #exchanges = new Exchanges(this);
  #foretelling = new Foretelling(this);

  constructor() {
    super();
    this.premisesId = "";
    this.points = [];
    this.utilities = [];
    this.utility = null;
    this.period = "day";
    this.day = null; // a local day of the period shown; null for today, also after midnight
    this.hasLong = false; // the chart over years is loaded once somebody asks for it
    new Ticker(this, REFRESH_MS);
  }

  willUpdate() {
    if (!this.utilities.includes(this.utility)) this.utility = this.utilities[0] ?? null;
    if (!this.utility) return;
    const { premisesId, utility } = this;
    this.#exchanges.want(mainPoints(this.points, utility));
    if (this.period === YEARS) return void this.#periods.want({});
    const { resolution, from, to, yearAgo } = this.#span();
    this.#periods.want({
      shown: { premisesId, utility, resolution, from, to },
      yearAgo: { premisesId, utility, resolution, from: yearAgo.from, to: yearAgo.to, isPriceless: true },
    });
  }

  #span() {
    return spanOf(this.period, this.day ?? dayOf(now()));
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
        <iskar-unit-choice .utility=${this.utility}></iskar-unit-choice>
        <div class="card charts">
          <div class="period-tabs" role="group" aria-label=${t("usage_period")}>
            ${PERIODS.map((period) => html`
              <button data-period=${period} title=${period === YEARS ? t("usage_ten_years") : nothing} aria-pressed=${period === this.period} @click=${() => this.#choose(period)}>${t(`usage_by_${period}`)}</button>`)}
          </div>
          ${this.period === YEARS ? this.#years() : this.#bars()}
        </div>
      </section>`;
  }

  async #choose(period) {
    this.period = period;
    if (period !== YEARS || this.hasLong) return;
    try {
      await import("./long_chart.js");
      this.hasLong = true;
    } catch (error) {
      console.info("The chart over years could not be loaded:", error.message);
    }
  }

  #years() {
    return html`
      <article class="chart-card" data-chart="years">
        <header><h3>${t("usage_ten_years")}<small>${t("by_hour")}</small></h3></header>
        ${this.hasLong ? html`<iskar-long-chart .premisesId=${this.premisesId} .utility=${this.utility}
          .label="${t(this.utility)}, ${t("usage_ten_years")}" .exchanges=${this.#exchanges.all} .kept=${this.#long}></iskar-long-chart>`
          : html`<p class="chart-empty" role="status">${t("loading")}</p>`}
      </article>`;
  }

  #bars() {
    const span = this.#span();
    const today = dayOf(now());
    const isNow = span.from <= today && today < span.to;
    const show = (day) => () => { this.day = spanOf(this.period, today).from === day ? null : day; };
    const { usage, cost, keptSince, isUnknown } = this.#periods.get("shown");
    const paid = usage && !keptSince ? costWords(cost) : null;
    const name = titleOf(span, language());
    const title = isNow && this.period === "day" ? `${t("today")}, ${name}` : name;
    return html`
      <article class="chart-card" data-chart=${this.period}>
        <header>
          <h3>${title}<small>${t({ hour: "by_hour", day: "usage_days", month: "by_month" }[span.resolution])}</small></h3>
          ${pager("left", `previous_${this.period}`, show(span.previous))}${pager("right", `next_${this.period}`, span.next <= today && show(span.next))}
        </header>
        ${this.#note(span)}
        ${keptSince ? html`<p class="note"><iskar-age .at=${keptSince} .words=${"usage_kept"}></iskar-age></p>` : nothing}
        ${usage?.conversions ? html`<p class="note" data-conversions>${conversionWords(usage)}</p>` : nothing}
        ${paid ? html`<p class="note cost">${paid}</p>` : nothing}
        ${usage ? this.#chart(span, usage, title) : html`<p class="chart-empty">${t(isUnknown ? "usage_offline" : "loading")}</p>`}
      </article>`;
  }

  #note(span) {
    const odd = oddDay(span);
    if (!odd) return nothing;
    if (this.period === "day") return html`<p class="note">${t(odd.hours > 24 ? "long_day" : "short_day")}</p>`;
    const when = dateText(odd.start, language(), { day: "numeric", month: "long" });
    return html`<p class="note">${t("usage_odd_day", { when, n: odd.hours })}</p>`;
  }

  #chart(span, usage, title) {
    const before = this.#periods.get("yearAgo").usage;
    const filled = fill(span.slots, usage.intervals, now());
    const compared = before ? compare(span, filled, fill(span.yearAgo.slots, before.intervals, now())) : null;
    const exchanges = this.#exchanges.all;
    const slots = filled.map((slot, at) => ({
      ...slot, then: compared?.then[at] ?? null, exchanges: exchanges.filter((one) => slot.start <= one.at && one.at < slot.end),
    }));
    const ahead = this.#foretelling.of(this.premisesId, this.utility, span, usage, slots);
    return html`
      ${compared?.count ? html`<p class="note compared" data-compared=${compared.count}>${this.#compared(span, compared, usage.unit)}</p>` : nothing}
      <iskar-chart .filled=${ahead?.slots ?? slots} .ahead=${ahead?.chart ?? null} .unit=${usage.unit} .each=${span.each} .label="${t(this.utility)}, ${title}"
        .axisText=${(slot) => axisText(span, slot, language())} .slotText=${(slot) => slotText(span, slot, language())}></iskar-chart>`;
  }

  #compared(span, { shown, before, count, of }, unit) {
    const { from } = span.yearAgo;
    const when = this.period === "day"
      ? dateText(midnight(from), language(), { weekday: "long", day: "numeric", month: "long", year: "numeric" })
      : titleOf({ ...span.yearAgo, period: this.period }, language());
    const apart = before > 0 ? (shown - before) / before : null;
    const words = [t(of < span.slots.length ? "compared_so_far" : "compared", { when: when[0].toUpperCase() + when.slice(1), amount: amountText(before, unit, language()) })];
    if (apart !== null && Math.abs(apart) < ALIKE) words.push(t("compared_same"));
    else if (apart !== null) words.push(t(apart > 0 ? "compared_more" : "compared_less", { share: decimal(Math.abs(apart) * 100, 0, language()) }));
    if (count < of) words.push(t(`compared_only_${span.each}`, { n: count }));
    return words.join(" ");
  }
}
customElements.define("iskar-usage", UsagePanel);

const namesOf = (points) => points?.map(({ service_point_id }) => service_point_id).join();

/** The points that make a building's use of a utility: those that are part of no other that one sees. */
function mainPoints(points, utility) {
  const seen = new Set(points.map(({ service_point_id }) => service_point_id));
  return points.filter((point) => point.utility === utility && !seen.has(point.parent_service_point_id))
    .map(({ service_point_id }) => service_point_id);
}

function pager(direction, label, act) {
  return html`<button class="round" aria-label=${t(label)} title=${t(label)} ?disabled=${!act} @click=${act || nothing}>${icon(direction)}</button>`;
}
