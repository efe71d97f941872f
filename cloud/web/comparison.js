// SPDX-License-Identifier: EUPL-1.2
/** A period beside the same a year ago: only what is over and known in both is compared. */

import { counterparts } from "./spans.js";
import { ESTIMATED, KNOWN } from "./usage.js";

const OVER = [KNOWN, ESTIMATED];

/**
 * Compare filled slots with those of a year ago.
 * Gives `then`, the use of each slot's counterpart or null, and over the `count` of `of` finished slots known in both years
 * what was used, `shown` and `before`.
 */
export function compare({ period }, filled, yearAgo) {
  const pairs = counterparts(period, filled, yearAgo);
  const compared = { then: pairs.map((other) => other?.usage ?? null), count: 0, of: 0, shown: 0, before: 0 };
  filled.forEach((slot, at) => {
    if (slot.state === "running" || slot.state === "pending") return;
    compared.of += 1;
    const other = pairs[at];
    if (!OVER.includes(slot.state) || !other || !OVER.includes(other.state)) return;
    compared.count += 1;
    compared.shown += slot.usage;
    compared.before += other.usage;
  });
  return compared;
}
