// SPDX-License-Identifier: EUPL-1.2
/** One service point down to its raw readings: how the cloud spells them. */

import { call, usageRoute } from "./api.js";

const at = (id, what, query) => call("GET", `/service-points/${encodeURIComponent(id)}/${what}?${new URLSearchParams(query)}`);

/** Use by local hour over the local days [from, to), in the chosen unit. */
export const hoursOfPoint = (id, utility, from, to) => at(id, usageRoute(utility), { resolution: "hour", from, to });

/** The register at an instant in ms with both its neighbours; null where nothing is known of it. */
export async function registerAt(id, instantMs) {
  try {
    return await at(id, "registers", { at: new Date(instantMs).toISOString() });
  } catch (error) {
    if (error.code === "register-unknown") return null;
    throw error;
  }
}

/** A page of the raw readings of [start, end), {items, next_cursor}. */
export const readingsOf = (id, { start, end }, limit, cursor) =>
  at(id, "readings", { from: new Date(start).toISOString(), to: new Date(end).toISOString(), ...page(limit, cursor) });

export const trailOf = (id, limit, cursor) => at(id, "audit-trail", page(limit, cursor));

export const findingsOf = (id, limit, cursor) => at(id, "findings", page(limit, cursor));

const page = (limit, cursor) => ({ limit, ...(cursor && { cursor }) });
