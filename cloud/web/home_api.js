// SPDX-License-Identifier: EUPL-1.2
/** Usual days and similar buildings as the views need them: how the cloud spells them. */

import { allPremises, call } from "./api.js";
import { forgetAbout, recall } from "./store.js";

/** My buildings; of one that was shared with us and is no longer the phone forgets all it keeps. */
export async function myPremises() {
  const items = await allPremises();
  const ids = items.map(({ premises_id }) => premises_id);
  for (const { premises_id: id } of recall("premises")?.content ?? []) {
    if (!ids.includes(id)) forgetAbout(id);
  }
  return items;
}

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
