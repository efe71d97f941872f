// SPDX-License-Identifier: EUPL-1.2
/** What is told of a series beside its chart: its peak, its accuracy, what explains it, what may come. */

import { html, nothing, svg } from "lit";
import { dateText, hourText, midnight } from "../calendar.js";
import { language, t } from "../language.js";
import { problemText } from "../problem.js";
import { amountText, decimal, NOTHING, spanText } from "../units.js";

const PARTS = ["temperature", "calendar", "holiday", "season", "trend", "drift", "rain", "supply_rain", "humidity", "wind", "sun", "rest"];
const WILD_PCT = 100; // of hours next to nothing is used in: it says nothing of the forecast
const LEAST_PCT = 0.5; // a share that would be shown as 0 %

const pct = (share) => decimal(share, share < 10 ? 1 : 0, language());
const share = (told) => (told === null ? NOTHING : `${pct(told)}\u00a0%`);
const partName = (name) => t(PARTS.includes(name) ? `part_${name}` : "part_other");
export const dayText = (day) => dateText(midnight(day), language(), { day: "numeric", month: "long" });

/** "22 November 2026 – 21 November 2027"; the years only where they differ. */
function daysText(from, to) {
  const year = from.slice(0, 4) === to.slice(0, 4) ? {} : { year: "numeric" };
  return [from, to].map((day) => dateText(midnight(day), language(), { day: "numeric", month: "long", ...year })).join(" – ");
}

/** A card with its content, or with why there is none. */
export function card(key, told, content, role = key) {
  return html`
    <article class="card demand-card" data-card=${role} aria-labelledby="card-${role}">
      <h2 id="card-${role}">${t(key)}</h2>
      ${told === undefined ? html`<p class="note" role="status">${t("loading")}</p>` : told.isBeingWorkedOut ? html`<p class="note" role="status" data-waiting>${t("part_waiting")}</p>` : told.error ? html`<p class="note">${missing(told.error)}</p>` : content(told)}
    </article>`;
}

/** Why a part isn't there, in the reader's language where the cloud says it by a code. */
export function missing(error) {
  if (error.code === "hours-not-told") return t("hours_closed");
  if (error.code === "cannot-be-told") return t("part_untold");
  if (error.code === "beyond-history") return t("what_if_beyond");
  return error.status === 404 ? t("part_missing", { why: t("part_unbuilt") }) : t("part_missing", { why: error.status < 500 ? error.message : problemText(error) });
}

/** Why there is no forecast: nothing is known yet, it the reader may not see hours, or it couldn't be fetched. */
export function noForecast(error) {
  if (error?.code === "hours-not-told") return t("hours_closed");
  if (error && error.status !== 404) return problemText(error);
  return `${t("no_forecast")} ${t("no_forecast_why")}`;
}

export function range(low, high, unit) {
  if (low === null || high === null) return t("range_none");
  return t("range90", { range: spanText(low, high, unit, language()) });
}

export const peakCard = (told, unit) => card("peak_title", told, ({ amount, hours, pastDays }) => {
  const most = hours.reduce((best, hour) => (hour.share > (best?.share ?? 0) ? hour : best), null);
  return html`
    <p class="figure"><b>${amountText(amount.mid, unit, language())}</b></p>
    <p class="note">${range(amount.low, amount.high, unit)}</p>
    ${most ? html`<p>${t("peak_words", { when: hourSpan(most.start), share: pct(most.share * 100) })}</p>${peakBars(hours, most)}` : html`<p class="note">${t("peak_later", { n: pastDays })}</p>`}`;
}, "peak");

const hourSpan = (start) => `${hourText(start)}–${hourText(start + 3_600_000)}`;

function peakBars(hours, most) {
  const words = hours.filter((hour) => hour.share >= 0.01).map((hour) => `${hourText(hour.start)}: ${pct(hour.share * 100)} %`).join(", ");
  return html`
    <svg class="peak-bars" viewBox="0 0 ${hours.length * 10} 44" preserveAspectRatio="none" role="img" aria-label="${t("peak_bars")}. ${words}">
      ${hours.map((hour, at) => svg`
        <rect class="bar-ground" x=${at * 10 + 1} y="0" width="8" height="44"/>
        <rect class=${hour === most ? "bar-full" : "bar-some"} x=${at * 10 + 1} y=${44 - hour.share / most.share * 44} width="8" height=${hour.share / most.share * 44}/>`)}
    </svg>
    <p class="peak-axis" aria-hidden="true">${hours.filter((_, at) => at % 6 === 0).map((hour) => html`<span>${hourText(hour.start)}</span>`)}</p>`;
}

export const accuracyCard = (told) => card("accuracy", told, ({ windows, unit, week, drifts }) => html`
  ${windows.length ? html`
    <p>${accuracyWords(windows.find((one) => one.days === 28) ?? windows[0], unit)}</p>
    <table class="figures accuracy">
      <thead><tr>${["period", "coverage", "mean_error", "naive_error"].map((key) => html`<th scope="col">${t(key)}</th>`)}</tr></thead>
      <tbody>${windows.map((one) => html`
        <tr data-window=${one.days}><th scope="row">${t("days_window", { n: one.days })}</th>
          <td>${share(one.coveragePct)}</td>
          <td>${amountText(one.mae, unit, language())}${one.mapePct === null || one.mapePct >= WILD_PCT ? nothing : html`<small>${share(one.mapePct)}</small>`}</td>
          <td>${amountText(one.naiveMae, unit, language())}</td></tr>`)}</tbody>
    </table>
    <p class="note">${t("accuracy_of")}</p>` : html`<p>${t("accuracy_none")}</p>`}
  ${week?.promisedPct ? html`<p>${t("week_error", { error: pct(week.errorPct), promised: pct(week.promisedPct) })}</p>` : null}
  ${drifts.slice(0, 1).map((one) => html`<p class="quality drift">${t(`drift_${one.what}_${one.direction}`, { when: dayText(one.since) })}</p>`)}`);

function accuracyWords({ days, coveragePct, mae, naiveMae }, unit) {
  return t("accuracy_words", { n: days, share: pct(coveragePct ?? 0), mae: amountText(mae, unit, language()), versus: versus(mae, naiveMae) });
}

function versus(mae, naive) {
  const less = naive ? (1 - mae / naive) * 100 : 0;
  if (Math.abs(less) < 0.5) return t("as_naive");
  return t(less > 0 ? "better_than_naive" : "worse_than_naive", { pct: pct(Math.abs(less)) });
}

export const explainCard = (told) => card("explains", told, ({ shares, steadyC, idle }) => {
  const shown = shares.filter((one) => one.pct >= LEAST_PCT);
  return html`
    <p>${t("explains_words")}${steadyC === null ? nothing : ` ${t("explains_steady", { c: decimal(steadyC, 0, language()) })}`}</p>
    <ul class="shares">${shown.map((one) => html`
      <li data-part=${one.name} class=${one.name === "rest" ? "share-rest" : ""}>
        <span>${partName(one.name)}</span><b>${pct(one.pct)} %</b>
        <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect class="bar-ground" width="100" height="6"/>${svg`<rect class="bar-full" width=${Math.min(100, Math.max(0, one.pct))} height="6"/>`}</svg>
      </li>`)}</ul>
    ${idle.length ? html`<p class="note">${t("explains_idle", { what: idle.map(partName).join(", ") })}</p>` : nothing}`;
}, "explain");

export const scenarioCard = (told) => card("scenario", told, ({ spans, coldDay, unit, years }) => html`
  <p>${t("scenario_words", { n: years })}</p>
  <dl class="spans">
    ${spans.map((one) => html`
      <div data-span=${one.kind}><dt>${t(`span_${one.kind}`)}<small>${daysText(one.from, one.to)}</small></dt>
        <dd><b>${amountText(one.mid, unit, language())}</b><small>${range(one.low, one.high, unit)}</small></dd></div>`)}
    ${coldDay ? html`
      <div data-span="cold"><dt>${t("cold_day")}</dt>
        <dd><b>${t("cold_day_words", { amount: amountText(coldDay.amount, unit, language()), c: decimal(coldDay.coldC, 0, language()).replace("-", "−") })}</b>
          <small>${range(coldDay.low, coldDay.high, unit)}</small></dd></div>` : nothing}
  </dl>`);
