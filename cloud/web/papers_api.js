// SPDX-License-Identifier: EUPL-1.2
/** How the cloud spells papers: files to save, client numbers, bills beside our registers. */

import { call, RefusedError, session, UnreachableError } from "./api.js";
import { learn } from "./clock.js";

const ROOT = "/api/v1";
const TIMEOUT_MS = 60_000; // a year of readings, or a page that waits for its turn

const of = (kind, id) => `${ROOT}/${kind}/${encodeURIComponent(id)}`;

export const reportAddress = (premisesId, month, language) =>
  `${of("premises", premisesId)}/report?${new URLSearchParams({ month, language })}`;

export const sheetAddress = (premisesId, date, language) =>
  `${of("premises", premisesId)}/self-reading?${new URLSearchParams({ date, language })}`;

/** An export of a service point, or of the whole building without one; local days [from, to). */
export const exportAddress = (premisesId, { servicePointId, ...wanted }) =>
  `${servicePointId ? of("service-points", servicePointId) : of("premises", premisesId)}/export?${new URLSearchParams(wanted)}`;

/** Fetch a file: {blob, name}. Fails as any call does, so that the page can say why. */
export async function fetchFile(address) {
  const response = await reach(address);
  learn(response.headers.get("date"));
  if (!response.ok) {
    if (response.status === 401) session.dispatchEvent(new Event("ended"));
    const isJson = response.headers.get("content-type")?.includes("json");
    throw new RefusedError(response, isJson ? await response.json() : {});
  }
  const name = response.headers.get("content-disposition")?.match(/filename="([^"]+)"/)?.[1];
  try {
    return { blob: await response.blob(), name: name ?? "iskar" };
  } catch (cause) {
    throw new UnreachableError("The file broke off.", { cause });
  }
}

async function reach(address) {
  try {
    return await fetch(address, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (cause) {
    throw new UnreachableError("The server could not be reached.", { cause });
  }
}

/** The service points of a building: [{servicePointId, name, utility, hasSupplier, number}]. */
export const clientNumbersOf = async (premisesId) =>
  (await call("GET", `/premises/${encodeURIComponent(premisesId)}/client-numbers`)).items.map((one) => ({
    servicePointId: one.service_point_id, name: one.name, utility: one.utility, hasSupplier: one.has_supplier, number: one.client_number,
  }));

/** Set a client number, or forget it with "". */
export const setClientNumber = (servicePointId, number) =>
  call(number ? "PUT" : "DELETE", `/service-points/${encodeURIComponent(servicePointId)}/client-number`,
    number ? { client_number: number } : undefined);

const number = (told) => (told === null ? null : Number(told));

const boundOf = (one) => ({ day: one.day, serial: one.meter_serial, register: number(one.register_at_start), quality: one.quality });

/** Compare a bill with our registers; `billed` has what stands on it, in the unit of bills. */
export async function checkBill(servicePointId, { from, to, ...billed }) {
  const told = Object.entries(billed).filter(([, figure]) => figure !== "");
  const found = await call("GET", `/service-points/${encodeURIComponent(servicePointId)}/bill-check?`
    + new URLSearchParams({ from, to, ...Object.fromEntries(told) }));
  return {
    unit: found.unit,
    start: boundOf(found.start),
    end: boundOf(found.end),
    usage: number(found.usage),
    quality: found.quality,
    billedUsage: number(found.billed_usage),
    usageDifference: number(found.usage_difference),
    ourTotal: number(found.our_total_eur),
    billedTotal: number(found.billed_total_eur),
    totalDifference: number(found.difference_eur),
    verdict: found.verdict,
    reasons: found.reasons.map((one) => ({ code: one.code, usagePart: number(one.usage_part), eurPart: number(one.eur_part), evidence: one.evidence })),
  };
}
