// SPDX-License-Identifier: EUPL-1.2
/** The kinds of things the app has words and icons for. */

const BUILDINGS = ["production", "administrative", "residential", "commercial", "school"];
const UTILITIES = ["water", "electricity", "gas", "heat"]; // in the order they are shown

// What an alert may be of; those of the meter itself are nobody's use.
const OF_METER = ["backflow", "stuck", "missing"];
const OF_USE = [
  "continuous_flow", "floor_flow", "steady_flow", "intermittent_flow", "growing_flow", "night_flow", "imbalance",
  "burst", "gas_flow", "standby",
];
// These have other words where it isn't water.
const OTHERWISE = { gas: ["continuous_flow", "burst", "imbalance"], electricity: ["imbalance"] };
const ORDINARY = { water: ["irrigation", "pool", "cooling", "other"] };

/** Key of the words for an alert's kind; `unknown` where it is none of ours. */
export function alertKindOf({ kind, utility }, unknown) {
  if (![...OF_USE, ...OF_METER].includes(kind)) return unknown;
  return OTHERWISE[utility]?.includes(kind) ? `${kind}_${utility}` : kind;
}

export const isOfMeter = ({ kind }) => OF_METER.includes(kind);

/** What an alert of this utility may turn out to be after all. */
export const ordinaryUsesOf = ({ utility }) => ORDINARY[utility] ?? ["cooling", "other"];

export const kindOf = (kind) => (BUILDINGS.includes(kind) ? kind : "other_kind");

/** The utilities of these service points, in our order. */
export function utilitiesOf(points) {
  const there = new Set(points.map((point) => point.utility));
  return UTILITIES.filter((utility) => there.has(utility));
}

/** Service points in the order of their utilities, a part right after its whole. */
export function inOrder(points) {
  const wholes = points.filter((point) => !points.some((other) => other.service_point_id === point.parent_service_point_id));
  const partsOf = (whole) => points.filter((point) => point.parent_service_point_id === whole.service_point_id);
  return wholes
    .toSorted((a, b) => UTILITIES.indexOf(a.utility) - UTILITIES.indexOf(b.utility))
    .flatMap((whole) => [whole, ...partsOf(whole).flatMap((part) => [part, ...partsOf(part)])]);
}
