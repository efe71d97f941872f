// SPDX-License-Identifier: EUPL-1.2
/** What the phone keeps for times without a connection: answers, each with when it came. */

const PREFIX = "iskar/";
const OF_THE_PHONE = ["language", "units"].map((key) => PREFIX + key);

/** Keep `content` under `key`; without room or permission the app goes on without. */
export function remember(key, content, at) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify({ content, at }));
  } catch (error) {
    console.info(`${key} is not kept for offline use:`, error.message);
  }
}

/** Return {content, at} as remembered, or null. */
export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) ?? "null");
  } catch (error) {
    console.info(`${key} can't be read back:`, error.message);
    return null;
  }
}

/** Forget all that is kept of one thing: whatever has its id as a part of the key. */
export function forgetAbout(id) {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && key.split("/").slice(1).includes(id)) localStorage.removeItem(key);
  }
}

/** Forget all that belongs to a user; the language and the units stay. */
export function forgetUser() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && !OF_THE_PHONE.includes(key)) localStorage.removeItem(key);
  }
}
