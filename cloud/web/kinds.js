// SPDX-License-Identifier: EUPL-1.2
/** The kinds of things the app has words and icons for. */

const BUILDINGS = ["production", "administrative", "residential", "commercial", "school"];
const UTILITIES = ["water", "electricity", "gas", "heat"]; // in the order they are shown

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
