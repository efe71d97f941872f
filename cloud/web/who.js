// SPDX-License-Identifier: EUPL-1.2
/** Who is signed in, for those who can't be told by their parent. */

let current = null;

export const who = () => current;

export function nowIs(user) {
  current = user;
}

/** Whether a building is this person's to share: what is shared with one can't be passed on. */
export const mayShare = (user, premisesId) => user?.role === "operator" || Boolean(user?.owns?.includes(premisesId));
