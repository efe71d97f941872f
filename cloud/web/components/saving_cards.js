// SPDX-License-Identifier: EUPL-1.2
/** What is worth doing, what runs at night, and two years beside each other. */

import { html, nothing } from "lit";
import { dateText, midnight } from "../calendar.js";
import { alertKindOf } from "../kinds.js";
import { language, named, t } from "../language.js";
import { amountText, decimal, euroText, NOTHING } from "../units.js";
import { icon } from "./icons.js";

const euro = (amount) => euroText(amount, language());
const day = (date) => dateText(midnight(date), language(), { day: "numeric", month: "long" });
const dayOfYear = (date) => dateText(midnight(date), language(), { day: "numeric", month: "long", year: "numeric" });

/** What runs without a pause, as people say it: water by the day, electricity as power. */
const standing = (rate, unit) => (unit.startsWith("Wh") ? amountText(rate, "W", language()) : t("saving_a_day", { amount: amountText(rate * 24, unit.split("/")[0], language()) }));

/** An amount of any unit that an action tells of. */
function told(amount, unit) {
  if (amount === null) return NOTHING;
  if (unit === "EUR") return euro(amount);
  return unit.endsWith("ml/h") || unit === "Wh/h" ? standing(amount, unit) : amountText(amount, unit, language());
}

/** Actions, the most valuable first. */
export function actionList(actions, premisesId, points) {
  return html`<ol class="actions">${actions.map((one) => action(one, premisesId, points))}</ol>`;
}

function action(one, premisesId, points) {
  const point = points.find((other) => other.service_point_id === one.service_point_id);
  const name = point ? named(point.name) : t(`saving_${one.utility}`);
  const fields = {
    name, amount: told(one.amount, one.unit), usual: told(one.usual, one.unit), since: day(one.first_day),
    kind: one.alert_kind ? t(alertKindOf({ kind: one.alert_kind, utility: one.utility }, "saving_leak_other")) : "",
  };
  const why = one.kind === "leak" && (one.amount === null || one.euro === null) ? "saving_leak_why_unknown" : `saving_${one.kind}_why`;
  const link = one.alert_id
    ? { href: `#/alerts/${encodeURIComponent(one.alert_id)}`, words: t("saving_see_alert") }
    : point && { href: `#/premises/${encodeURIComponent(premisesId)}/meters/${encodeURIComponent(one.service_point_id)}`, words: t("saving_see_meter") };
  return html`
    <li class="action card u-${one.utility}" data-action=${one.kind}>
      <span class="action-icon">${icon(one.utility)}</span>
      <div>
        <h3>${t(`saving_${one.kind}`, { name })}</h3>
        <p class="worth" ?data-unknown=${one.euro === null}>${worth(one)}</p>
        <p>${t(why, fields)}</p>
        ${link ? html`<a class="action-link" href=${link.href}>${link.words}${icon("right")}</a>` : nothing}
      </div>
    </li>`;
}

function worth({ euro: amount, period }) {
  if (amount === null) return t("saving_worth_unknown");
  return t(period === "year" ? "saving_per_year" : "saving_this_month", { amount: euro(amount) });
}

/** What runs all night at each main meter, and what it costs in a year. */
export const nightList = (nights) => html`<ul class="nights">${nights.map((one) => html`
  <li class="night u-${one.utility}" data-night=${one.service_point_id}>
    <h3>${icon(one.utility)} ${named(one.name)}</h3>
    ${night(one)}
  </li>`)}</ul>`;

function night(one) {
  if (one.rate === null) return html`<p class="note">${t("saving_night_unknown", { share: decimal(Math.floor(one.coverage * 100), 0, language()) })}</p>`;
  const span = t("saving_night_of", { n: one.nights, first: day(one.first_day), last: day(one.last_day) });
  if (one.rate === 0) return html`<p>${t("saving_night_still")} <small>${span}</small></p>`;
  const words = t(one.unit === "Wh" ? "saving_night_power" : "saving_night_flow", { amount: standing(one.rate, one.unit) });
  return html`
    <p class="figure"><b>${one.euro === null ? NOTHING : euro(one.euro)}</b> <span>${one.euro === null ? t("saving_no_price") : t("saving_a_year")}</span></p>
    <p>${words}. <small>${span}</small></p>`;
}

/** Each main meter's last twelve months beside the twelve before. */
export const yearList = (years) => html`<ul class="nights">${years.map((one) => html`
  <li class="night u-${one.utility}" data-years=${one.service_point_id}>
    <h3>${icon(one.utility)} ${named(one.name)}</h3>
    ${one.before === null ? html`<p class="note">${t(one.is_ready ? `saving_years_${one.reason}` : "saving_years_waiting")}</p>` : compared(one)}
  </li>`)}</ul>`;

function compared({ before, now, unit, by_weather: weather, by_rest: rest, is_certain: isCertain, first_day: first, last_day: last }) {
  const change = changeText((now - before) / before);
  const amounts = `${amountText(before, unit, language())} → ${amountText(now, unit, language())}`;
  return html`
    <p class="figure"><b>${change}</b> <span>${amounts}</span></p>
    <dl class="budget-facts parts">
      ${weather ? html`<div><dt>${t("saving_from_weather")}</dt><dd>${signed(weather.middle / before)}</dd></div>` : nothing}
      <div><dt>${t("saving_from_you")}</dt><dd>${signed(rest.middle / before)}</dd></div>
    </dl>
    <p><small>${weather ? nothing : `${t("saving_no_weather_bound")} `}${isCertain
      ? t("saving_between", { low: signed(rest.low / before), high: signed(rest.high / before) })
      : t("saving_by_chance")} ${t("saving_years_span", { first: dayOfYear(first), last: dayOfYear(last) })}</small></p>`;
}

const percent = (share) => decimal(Math.abs(share) * 100, Math.abs(share) < 0.1 ? 1 : 0, language());

function changeText(share) {
  if (percent(share) === "0") return t("saving_same");
  return t(share < 0 ? "saving_less" : "saving_more", { share: percent(share) });
}

const signed = (share) => `${percent(share) === "0" ? "" : share < 0 ? "−" : "+"}${percent(share)}\u00a0%`;
