// SPDX-License-Identifier: EUPL-1.2
/** Usual days and similar buildings as the views need them: how the cloud spells them. */

import { call } from "./api.js";

const ms = (text) => (text === null ? null : Date.parse(text));

const useOf = (told) => ({
  premisesId: told.premises_id, utility: told.utility, unit: told.unit, amount: told.usage, until: ms(told.until),
  missingHours: told.missing_hours, dayKind: told.day_kind, usual: told.usual, reason: told.reason,
});

/** Today against usual days, of all my buildings: uses, each of one building and utility. */
export const usualOfAll = async () => (await call("GET", "/usual")).items.map(useOf);

/** The same of one building. */
export const usualOf = async (id) => (await call("GET", `/premises/${encodeURIComponent(id)}/usual`)).items.map(useOf);

/** A building's last month among those of its kind: {month, kind, per, uses: [{utility, unit, amount, peers, reason}]}. */
export async function peersOf(id) {
  const told = await call("GET", `/premises/${encodeURIComponent(id)}/peers`);
  const uses = told.items.map((one) => ({ utility: one.utility, unit: one.unit, amount: one.usage_per, peers: one.peers, reason: one.reason }));
  return { month: told.month, kind: told.kind, per: told.per, least: told.min_premises, uses };
}
