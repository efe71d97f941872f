// SPDX-License-Identifier: EUPL-1.2
/** What the phone keeps for times without a connection: answers, each with when it came. */

const PREFIX = "iskar/";
const OF_THE_PHONE = ["language", "units", "theme"].map((key) => PREFIX + key);
const NEEDED = [...OF_THE_PHONE, `${PREFIX}user`]; // who reads is known as long as they are signed in

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

export function forget(key) {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch (error) {
    console.info(`${key} can't be forgotten:`, error.message);
  }
}

/** Forget all that is kept of one thing: whatever has its id as a part of the key, and where else it is told of. */
export function forgetAbout(id) {
  const name = JSON.stringify(id);
  const isOfIt = (told) => JSON.stringify(told)?.includes(name);
  for (const stored of Object.keys(localStorage)) {
    if (!stored.startsWith(PREFIX) || NEEDED.includes(stored)) continue;
    const key = stored.slice(PREFIX.length);
    const { content, at } = recall(key) ?? {};
    if (key.split("/").includes(id)) forget(key);
    else if (Array.isArray(content)) remember(key, content.filter((one) => !isOfIt(one)), at);
    else if (isOfIt(content)) forget(key);
  }
}

/** Forget all that belongs to a user; language, units and theme stay. */
export function forgetUser() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && !OF_THE_PHONE.includes(key)) localStorage.removeItem(key);
  }
}
