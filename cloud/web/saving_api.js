// SPDX-License-Identifier: EUPL-1.2
/** Savings as the views need them: how the cloud spells them. */

import { call } from "./api.js";

const path = (premisesId) => `/premises/${encodeURIComponent(premisesId)}`;

/** What there is to save in a building: {budgets, mayBudget, nights, years, actions}. */
export async function savingsOf(premisesId) {
  const told = await call("GET", `${path(premisesId)}/savings`);
  return {
    month: told.budgets.month,
    budgets: told.budgets.items.map(budgetOf),
    mayBudget: told.budgets.may_be_set,
    nights: told.nights.map((one) => ({ ...one, euro: numberOf(one.euro_a_year) })),
    years: told.years,
    actions: told.actions.map((one) => ({ ...one, euro: numberOf(one.euro) })),
  };
}

/** Set a budget: {euro} or {amount} in the unit of the utility's reading types. */
export const setBudget = (premisesId, utility, limit) => call("PUT", `${path(premisesId)}/budgets/${utility}`, limit);

export const dropBudget = (premisesId, utility) => call("DELETE", `${path(premisesId)}/budgets/${utility}`);

const budgetOf = (one) => ({
  utility: one.utility, unit: one.unit, state: one.state, reason: one.reason, daysLeft: one.days_left, warnedAt: one.warned_at,
  limit: Number(one.limit), soFar: numberOf(one.so_far), low: numberOf(one.low), mid: numberOf(one.expected), high: numberOf(one.high),
});

const numberOf = (text) => (text === null ? null : Number(text)); // exact on the wire; here it is only shown
