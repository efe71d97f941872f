// SPDX-License-Identifier: EUPL-1.2
/**
 * What a building is and was expected to use, as its charts need it: how the cloud spells it.
 *
 * @typedef {{low: number, mid: number, high: number}} Amounts  in the told unit; nine times of ten it is from low to high
 * @typedef {Amounts & {start: number, end: number}} Expected  instants in ms
 */

import { call } from "./api.js";

/** Of the local days [from, to), by "hour" or "day"; `newest` and `rest`, what is still to come, are null where nobody knows. */
export async function expectedUse(premisesId, { utility, resolution, from, to }) {
  const asked = new URLSearchParams({ utility, resolution, from, to });
  const told = await call("GET", `/premises/${encodeURIComponent(premisesId)}/forecast?${asked}`);
  const amounts = ({ p05, p50, p95 }) => ({ low: p05, mid: p50, high: p95 });
  return {
    unit: told.unit,
    newest: told.newest && { issuedAt: Date.parse(told.newest.issued_at), isFallback: told.newest.is_fallback },
    intervals: told.intervals.map((one) => ({ ...amounts(one), start: Date.parse(one.interval_start), end: Date.parse(one.interval_end) })),
    rest: told.rest && { ...amounts(told.rest), start: Date.parse(told.rest.since), end: Date.parse(told.rest.until) },
  };
}
