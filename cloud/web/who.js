// SPDX-License-Identifier: EUPL-1.2
/** Who is signed in, for those who can't be told by their parent. */

import { recall } from "./store.js";

let current = null;

// windows share the session, so where somebody else signed in this window is theirs, too
addEventListener("storage", () => {
  const known = recall("user")?.content;
  if (known && current?.email && known.email !== current.email) location.reload();
});

export const who = () => current;

export function nowIs(user) {
  current = user;
}

/** Whether a building is this person's to share: what is shared with one can't be passed on. */
export const mayShare = (user, premisesId) => user?.role === "operator" || Boolean(user?.owns?.includes(premisesId));
