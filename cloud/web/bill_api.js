// SPDX-License-Identifier: EUPL-1.2
/** Bills as the views need them: how the cloud spells them. */

import { call } from "./api.js";

/** What a building's month will cost in the end, and each of its supplies. */
export async function expectedBill(premisesId, month) {
  const told = await call("GET", `/premises/${encodeURIComponent(premisesId)}/bill/expected?month=${month}`);
  const money = (one) => ({
    soFar: Number(one.so_far_eur), mid: numberOf(one.expected_eur), low: numberOf(one.low_eur), high: numberOf(one.high_eur),
    isAssumed: one.is_assumed, isComplete: one.is_complete,
  });
  const bills = told.bills.map((one) => ({ ...money(one), name: one.name, utility: one.utility, reason: one.reason, leavesOut: one.leaves_out }));
  return { ...money(told), month, isOver: told.is_over, isFallback: told.is_fallback, unpriced: told.unpriced, bills };
}

const numberOf = (text) => (text === null ? null : Number(text)); // exact on the wire; here it is only shown
