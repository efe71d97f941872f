// SPDX-License-Identifier: EUPL-1.2
/** The cloud's routes of alerts, as their own pages ask for them. */

import { call, RefusedError } from "./api.js";

const OPEN = ["raised", "reopened", "acknowledged"];
const OVER = ["resolved"];
const OVER_AT_ONCE = "20";
const MOST_OPEN = "500";

const pageOf = (premisesId, states, limit, cursor) => {
  const query = new URLSearchParams([...states.map((state) => ["state", state]), ["limit", limit], ...(cursor ? [["cursor", cursor]] : [])]);
  return call("GET", `${premisesId ? `/premises/${encodeURIComponent(premisesId)}` : ""}/alerts?${query}`);
};

/** All alerts that are open, newest first; of all buildings where `premisesId` is null. */
export async function openAlerts(premisesId) {
  const found = [];
  let cursor = null;
  do {
    const page = await pageOf(premisesId, OPEN, MOST_OPEN, cursor);
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

/** Some alerts that are over, newest first: {items, next_cursor}. */
export const alertsOver = (premisesId, cursor = null) => pageOf(premisesId, OVER, OVER_AT_ONCE, cursor);

/** An alert with its history; null where there is none for us. */
export async function alertInFull(id) {
  try {
    return await call("GET", `/alerts/${encodeURIComponent(id)}`);
  } catch (error) {
    if (error instanceof RefusedError && [404, 422].includes(error.status)) return null;
    throw error;
  }
}

/** Let an alert be for some hours; resolves to the alert. */
export const snooze = (id, hours) => call("POST", `/alerts/${encodeURIComponent(id)}/snooze`, { hours });
