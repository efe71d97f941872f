// SPDX-License-Identifier: EUPL-1.2
/** How the cloud spells one's account, sessions, tokens, shares and the log of looks. */

import { call, refusalOf, RefusedError, UnreachableError } from "./api.js";

const part = encodeURIComponent;

export const account = () => call("GET", "/account");

export const changePassword = (current, chosen) => call("PUT", "/account/password", { current, new: chosen });

export const passkeys = async () => (await call("GET", "/account/passkeys")).items;

export const removePasskey = (id) => call("DELETE", `/account/passkeys/${part(id)}`);

export const removeCodes = () => call("DELETE", "/account/codes");

export const newRecoveryCodes = async () => (await call("POST", "/account/recovery-codes")).recovery_codes;

export const sessions = async () => (await call("GET", "/account/sessions")).items;

export const endSession = (id) => call("DELETE", `/account/sessions/${part(id)}`);

export const endOtherSessions = () => call("DELETE", "/account/sessions");

export const tokens = async () => (await call("GET", "/tokens")).items;

/** Make a token from {name, scopes, life_days, premises_ids}; its text comes this once. */
export const makeToken = (wanted) => call("POST", "/tokens", wanted);

export const revokeToken = (id) => call("DELETE", `/tokens/${part(id)}`);

/** Show again who one is, by exactly one of {password}, {code} and {passkey}. */
export const stepUp = (shown) => call("POST", "/session/step-up", shown);

export const organisations = async () => (await call("GET", "/organisations")).items;

/** Where the browser goes to sign in at an organisation, and comes back from to this address. */
export const organisationSignIn = ({ organisation_id }) =>
  `/api/v1/organisations/${part(organisation_id)}/sign-in?${new URLSearchParams({ return_to: `/${location.hash}` })}`;

/** Whom a building is shared with. */
export const sharesOf = async (id) => (await call("GET", `/premises/${part(id)}/shares`)).items;

export const share = (id, wanted) => call("POST", `/premises/${part(id)}/shares`, wanted);

export const endShare = (id, shareId) => call("DELETE", `/premises/${part(id)}/shares/${part(shareId)}`);

/** A page of who looked, at a building or (null) at all of mine: {items, next_cursor}. */
export const looksAt = (premisesId, cursor) =>
  call("GET", `${premisesId ? `/premises/${part(premisesId)}` : "/account"}/accesses?`
    + new URLSearchParams({ limit: 100, ...(cursor && { cursor }) }));

export const erase = (email) => call("POST", "/account/erase", { email });

/** The archive of everything kept of one, as a Blob; it is made while it is sent, which takes its time. */
export async function takeout() {
  try {
    const response = await fetch("/api/v1/account/export", { credentials: "same-origin", cache: "no-store" });
    if (!response.ok) throw await refusalOf(response);
    return await response.blob();
  } catch (cause) {
    if (cause instanceof RefusedError) throw cause;
    throw new UnreachableError("The archive did not arrive whole.", { cause });
  }
}
