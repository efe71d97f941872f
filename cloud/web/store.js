// SPDX-License-Identifier: EUPL-1.2
/** What the phone keeps for times without a connection: answers, each with when it came. */

const PREFIX = "iskar/";
const OF_PHONE = [`${PREFIX}language`, `${PREFIX}theme`];

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
    return JSON.parse(localStorage.getItem(PREFIX + key));
  } catch (error) {
    console.info(`${key} can't be read back:`, error.message);
    return null;
  }
}

export function forget(key) {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch (error) {
    console.info(`${key} can't be forgotten:`, error.message);
  }
}

/** Forget all that belongs to a user; language and theme are the phone's and stay. */
export function forgetUser() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && !OF_PHONE.includes(key)) localStorage.removeItem(key);
  }
}
