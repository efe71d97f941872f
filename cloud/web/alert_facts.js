// SPDX-License-Identifier: EUPL-1.2
/** What an alert says, in words and figures. */

import { momentText } from "./calendar.js";
import { now } from "./clock.js";
import { alertKindOf, isOfMeter } from "./kinds.js";
import { language, named, t } from "./language.js";
import { amountText, euroText, rangeText } from "./units.js";
import "./words/alerts.js";

const ML_PER_L = 1000;

export const isOpen = ({ state }) => state !== "resolved";
export const needsSeeing = ({ state }) => state === "raised" || state === "reopened";

/** The alert with its utility, which one kept on the phone by an earlier release doesn't have. */
export const known = (alert, point) => ({ ...alert, utility: alert.utility ?? point?.utility });

export const titleOf = (alert, point) => t(alertKindOf(known(alert, point), "other_alert"));

/** Its figures as [words' key, text], only those that are known or said to be unknown; `gas` (a Gas) tells those of gas. */
export function factsOf(alert, point, gas) {
  const cost = euroText(alert.cost_eur, language());
  const isPower = (alert.flow_w ?? null) !== null;
  const isOver = !isOpen(alert);
  const lost = isPower ? (isOver ? "energy" : "energy_so_far") : isOver ? "volume" : "volume_so_far";
  return [
    point && ["where", named(point.name)],
    ["since", momentText(Date.parse(alert.started_at), language())],
    !isOfMeter(alert) && [isPower ? "power" : "flow", flowOf(alert)],
    !isOfMeter(alert) && [lost, isVolumeOfGas(known(alert, point)) ? gas.text(gasFlowOf(alert)) : lostText(known(alert, point), alert)],
    cost && !isOfMeter(alert) && ["cost", cost],
  ].filter(Boolean);
}

export const isVolumeOfGas = ({ utility, energy_wh }) => utility === "gas" && (energy_wh ?? null) === null;

const gasFlowOf = ({ premises_id, service_point_id, volume_l, started_at, resolved_at }) => ({
  premisesId: premises_id, servicePointId: service_point_id, litres: volume_l,
  since: Date.parse(started_at), until: resolved_at ? Date.parse(resolved_at) : now(),
});

/** What an alert's meter lost in short; `gas` (a Gas) tells that of gas. */
export const lostOf = (alert, gas) => (isVolumeOfGas(alert) ? gas.amount(gasFlowOf(alert)) : lostText(alert, alert));

/** What was lost, of {volume_l} or {energy_wh}, as that utility is counted. */
export function lostText({ utility }, { energy_wh, volume_l }) {
  if ((energy_wh ?? null) !== null) return amountText(energy_wh, "Wh", language());
  if (utility === "gas") return amountText(volume_l, "l", language());
  return amountText((volume_l ?? null) === null ? null : volume_l * ML_PER_L, "ml", language());
}

function flowOf({ flow_l_per_h, flow_low_l_per_h, flow_high_l_per_h, flow_w, flow_low_w, flow_high_w }) {
  return (flow_w ?? null) === null
    ? rangeText({ amount: flow_l_per_h, low: flow_low_l_per_h, high: flow_high_l_per_h }, "l/h", language())
    : rangeText({ amount: flow_w, low: flow_low_w, high: flow_high_w }, "W", language());
}
