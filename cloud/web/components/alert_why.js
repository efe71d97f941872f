// SPDX-License-Identifier: EUPL-1.2
/** Why a rule was convinced, what to do about it, and what has happened since. */

import { html, nothing } from "lit";
import { isVolumeOfGas, lostText } from "../alert_facts.js";
import { dateText, momentText } from "../calendar.js";
import { factorsText } from "../gas.js";
import { isOfMeter } from "../kinds.js";
import { language, t } from "../language.js";
import "../words/alert_advice.js";

const STEPS = [1, 2, 3];
const ADVICE = { burst: "burst", intermittent_flow: "toilet", night_flow: "pipes", imbalance: "pipes", standby: "standby", backflow: "backflow", stuck: "stuck", missing: "missing" };
const KNOWN = [
  "continuous_flow", "floor_flow", "steady_flow", "intermittent_flow", "growing_flow", "night_flow", "imbalance",
  "gas_flow", "standby", "burst", "backflow", "stuck", "missing",
];

const isGasUse = (alert) => alert.utility === "gas" && !isOfMeter(alert);

function adviceOn(alert) {
  if (isGasUse(alert)) return "gas";
  if (alert.kind === "imbalance" && alert.utility === "electricity") return "unmetered";
  return ADVICE[alert.kind] ?? "leak";
}

/** The line that goes before everything else where it may be gas. */
export const safety = (alert) => (isGasUse(alert)
  ? html`<p class="safety"><b>${t("alertpage_gas")}</b> <span>${t("alertpage_no_detector")}</span></p>` : nothing);

export const steps = (alert) => html`
  <section class="card alert-part" aria-labelledby="alert-steps">
    <h2 id="alert-steps">${t("alertpage_steps")}</h2>
    <ol class="steps">${STEPS.map((step) => html`<li>${t(`alertdo_${adviceOn(alert)}_${step}`)}</li>`)}</ol>
  </section>`;

/** `gas` (a Gas) tells hours of gas in the chosen unit. */
export const why = (alert, gas) => html`
  <section class="card alert-part" aria-labelledby="alert-why">
    <h2 id="alert-why">${t("alertpage_why")}</h2>
    ${KNOWN.includes(alert.kind) ? html`<p>${t(`alertsaw_${alert.kind}`)}</p>` : nothing}
    ${alert.hours.length ? hours(alert, gas) : nothing}
    ${KNOWN.includes(alert.kind) ? html`<h3>${t("alertpage_unusual")}</h3><p>${t(`alertnot_${alert.kind}`)}</p>` : nothing}
    <h3>${t("alertpage_ends")}</h3><p>${t(isOfMeter(alert) ? "clears_meter" : "clears_use")}</p>
    <details>
      <summary>${t("alertpage_own_words")}</summary>
      ${[alert.explanation, alert.ordinary_use, alert.clears_when].filter(Boolean).map((said) => html`<p class="alert-note" lang="en">${said}</p>`)}
    </details>
  </section>`;

const HOUR_MS = 3_600_000;

const flowOf = ({ premises_id, service_point_id }, { started_at, volume_l }) => ({
  premisesId: premises_id, servicePointId: service_point_id, litres: volume_l, since: Date.parse(started_at), until: Date.parse(started_at) + HOUR_MS - 1,
});

const amountOf = ({ volume_l, energy_wh }) => energy_wh ?? volume_l;

/** The hours as bars; the table is the chart, so that everybody reads the same. */
function hours(alert, gas) {
  const shown = alert.hours.toSorted((one, other) => Date.parse(one.started_at) - Date.parse(other.started_at));
  const ranked = alert.hours.toSorted((one, other) => amountOf(one) - amountOf(other));
  const most = Math.max(...shown.map((one) => Math.abs(amountOf(one) ?? 0)));
  const factors = isVolumeOfGas(alert) ? shown.map((one) => gas.factorOf(flowOf(alert, one))) : [];
  const isEnergy = factors.length > 0 && factors.every(Boolean); // bars of two units can't be beside each other
  const lost = (one) => (isEnergy ? gas.amount(flowOf(alert, one)) : lostText(alert, one));
  const [low, high] = [ranked[0], ranked.at(-1)].map(lost);
  return html`
    <figure class="hours u-${alert.utility}">
      <table>
        <caption>${t("alertpage_hours")}<small>${low === high ? nothing : t("alertpage_hours_said", { low, high })} ${isEnergy ? `(${factorsText(factors)})` : nothing}</small></caption>
        <thead class="visually-hidden"><tr><th scope="col">${t("alertpage_hour")}</th><th scope="col">${t("alertpage_passed")}</th></tr></thead>
        <tbody>${shown.map((one) => html`
          <tr><th scope="row">${dateText(Date.parse(one.started_at), language(), { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })}</th>
            <td><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="10"/><rect class="bar" width=${100 * Math.abs(amountOf(one) ?? 0) / (most || 1)} height="10"/></svg><span>${lost(one)}</span></td></tr>`)}
        </tbody>
      </table>
    </figure>`;
}

const VERBS = ["raised", "acknowledged", "snoozed", "reopened", "resolved"];
const ACTORS = ["user", "token", "gateway", "system"];

export const history = (events) => html`
  <section class="card alert-part" aria-labelledby="alert-history">
    <h2 id="alert-history">${t("alertpage_history")}</h2>
    <ol class="history">${events.filter(({ verb }) => VERBS.includes(verb)).map((event) => html`
      <li><time datetime=${event.happened_at}>${momentText(Date.parse(event.happened_at), language())}</time>
        <span>${t(`alertpage_verb_${event.verb}`)}${by(event)}${event.note ? html` <q>${event.note}</q>` : nothing}</span></li>`)}
    </ol>
  </section>`;

function by({ actor, is_own: isOwn }) {
  const who = isOwn ? "me" : actor.split(":")[0];
  return who === "me" || ACTORS.includes(who) ? `, ${t(`alertpage_by_${who}`)}` : "";
}
