// SPDX-License-Identifier: EUPL-1.2
/** The cloud's HTTP API. Every call resolves to the answer's body or throws one of two errors. */

import { learn } from "./clock.js";
import { isGasEnergy } from "./unit_choice.js";

const ROOT = "/api/v1";
const TIMEOUT_MS = 15_000;

/** Dispatches "ended" when the server no longer knows us. */
export const session = new EventTarget();

let asking = new AbortController();

/** Give up what is being asked: nobody is to be shown, or left with, what somebody else asked for. */
export function giveUp() {
  asking.abort();
  asking = new AbortController();
}

/** The server could not be reached, did not answer in time, or not to the end. */
export class UnreachableError extends Error {}

/** The server refused; `title` and `detail` are its problem details (RFC 9457). */
export class RefusedError extends Error {
  constructor(response, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${response.status}.`);
    this.status = response.status;
    this.code = problem.type?.split(":").at(-1) ?? null; // e.g. "code-needed"
    this.retryAfterS = Number(response.headers.get("retry-after")) || null;
  }
}

/** Whether an error may be over by itself before long. */
export const willPass = (error) => error instanceof UnreachableError || error.status >= 500;

/** Whether an error says that there is no such thing, or none for this reader. */
export const isGone = (error) => error?.status === 403 || error?.status === 404;

/** Sign in; resolves to the user. Refused with code "code-needed" until a second factor's code is given. */
export const signIn = async (email, password, code) =>
  userOf(await call("POST", "/session", { email, password, ...(code && { code }) }));

export const passkeyOptions = async () => (await call("POST", "/session/passkey-options")).options;

export const signInByPasskey = async (shown) => userOf(await call("POST", "/session/passkey", shown));

export const newPasskeyOptions = async () => (await call("POST", "/account/passkeys/options")).options;

/** Add a passkey; resolves to recovery codes, none if there were some. */
export const addPasskey = async (name, credential) =>
  (await call("POST", "/account/passkeys", { name, credential })).recovery_codes;

export const beginCodes = () => call("POST", "/account/codes");

export const confirmCodes = async (code) => (await call("POST", "/account/codes/confirm", { code })).recovery_codes;

export const askForReset = (email) => call("POST", "/account/password-reset", { email });

export const setPassword = (link, password) => call("POST", "/account/new-password", { link, password });

export const currentUser = async () => userOf(await call("GET", "/session"));

const userOf = (body) => ({ ...body.user, owns: body.owns ?? [], needsSecondFactor: body.needs_second_factor ?? false });

export const signOut = () => call("DELETE", "/session");

export const allPremises = async () => (await call("GET", "/premises")).items;

export const premises = (id) => call("GET", `/premises/${encodeURIComponent(id)}`);

export const alertsOf = async (id) =>
  (await call("GET", `/premises/${encodeURIComponent(id)}/alerts`)).items;

export const acknowledge = (alertId) =>
  call("POST", `/alerts/${encodeURIComponent(alertId)}/acknowledge`);

export const resolve = (alertId) => call("POST", `/alerts/${encodeURIComponent(alertId)}/resolve`);

/** Call an alert ordinary use, or with null take that back; resolves to the alert. */
export const labelAlert = (alertId, label) =>
  call(label ? "POST" : "DELETE", `/alerts/${encodeURIComponent(alertId)}/label`, label ? { label } : undefined);

/** Usage by local hour, day or month over the local days [from, to); gas as people chose to read it, see gas.js. */
export const usageOf = (id, { utility, resolution, from, to }) =>
  call("GET", `/premises/${encodeURIComponent(id)}/${usageRoute(utility)}?`
    + new URLSearchParams({ utility, resolution, from, to }));

/** The last part of the route that tells usage in the chosen unit. */
export const usageRoute = (utility) => (utility === "gas" && isGasEnergy() ? "gas-energy" : "usage");

/** What the use of a utility cost over the local days [from, to), to the cent and with VAT. */
export const costOf = (id, { utility, from, to }) =>
  call("GET", `/premises/${encodeURIComponent(id)}/cost?` + new URLSearchParams({ utility, from, to }));

/** Every register that hung at a service point, oldest first, with its events. */
export const registersOf = async (servicePointId) =>
  (await call("GET", `/service-points/${encodeURIComponent(servicePointId)}/registers`)).items;

export const liveAddress = (id) => `${ROOT}/premises/${encodeURIComponent(id)}/live`;

/** A part of the page that may be missing: resolves to {error} instead of throwing. */
export const attempt = (promise) => promise.catch((error) => ({ error }));

export async function call(method, path, body, timeoutMs = TIMEOUT_MS) {
  const response = await reach(method, path, body, timeoutMs);
  learn(response.headers.get("date"));
  if (response.ok) return response.status === 204 ? null : wholeOf(response);
  const refusal = await refusalOf(response);
  if (refusal.code === "not-signed-in" && path !== "/session") session.dispatchEvent(new Event("ended"));
  throw refusal;
}

/** The error in an answer that isn't a good one. */
export async function refusalOf(response) {
  const isJson = response.headers.get("content-type")?.includes("json");
  return new RefusedError(response, isJson ? await wholeOf(response) : {});
}

/** What an answer holds; one that broke off on its way, or isn't the cloud's at all, is none. */
async function wholeOf(response) {
  try {
    return await response.json();
  } catch (cause) {
    throw new UnreachableError("The answer did not arrive whole.", { cause });
  }
}

async function reach(method, path, body, timeoutMs) {
  try {
    return await fetch(ROOT + path, {
      method,
      body: body && JSON.stringify(body),
      headers: body && { "content-type": "application/json" },
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.any([asking.signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (cause) {
    throw new UnreachableError("The server could not be reached.", { cause });
  }
}
