// SPDX-License-Identifier: EUPL-1.2
/** What runs at a service point right now, as its meter last told it. */

import { now } from "./clock.js";

const STALE_MS = 15 * 60_000; // an older rate says nothing of now

/** The rate, in the unit of `instantaneous`; null where none is told or the last is old, however new the register is. */
export function rateOf({ instantaneous, read_at }) {
  const at = instantaneous?.read_at ?? read_at;
  if (!at || now() - Date.parse(at) > STALE_MS) return null;
  return instantaneous?.reading ?? null;
}
