// SPDX-License-Identifier: EUPL-1.2
/** What the phone keeps for times without a connection: answers, each with when it came. */

const PREFIX = "iskar/";
const OF_THE_PHONE = ["language", "units", "theme"].map((key) => PREFIX + key);
const USER = `${PREFIX}user`;
const NEEDED = [...OF_THE_PHONE, USER]; // who reads is known as long as they are signed in
const CLEARED = 4; // where there is no room, one in so many goes, the oldest

/** Keep `content` under `key`, a user's only while there is one; without room or permission the app goes on without. */
export function remember(key, content, at) {
  try {
    const name = PREFIX + key;
    // a view that is left as its user leaves would write down what has just been forgotten
    if (!NEEDED.includes(name) && localStorage.getItem(USER) === null) return;
    write(name, JSON.stringify({ content, at }));
  } catch (error) {
    console.info(`${key} is not kept for offline use:`, error.message);
  }
}

/** Write; where there is no room, what is oldest makes some: a day that somebody once paged to. */
function write(name, text) {
  for (;;) {
    try {
      return localStorage.setItem(name, text);
    } catch (error) {
      if (error.name !== "QuotaExceededError" || !forgetOldest(name)) throw error;
    }
  }
}

/** Forget a part of what is kept beside `name`, the oldest first; false if there is nothing to forget. */
function forgetOldest(name) {
  const others = names().filter((one) => one !== name && !NEEDED.includes(one)).map((one) => one.slice(PREFIX.length));
  const aged = others.map((key) => ({ key, at: recall(key)?.at ?? 0 })).toSorted((a, b) => a.at - b.at);
  aged.slice(0, Math.ceil(aged.length / CLEARED)).forEach(({ key }) => forget(key));
  return aged.length > 0;
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
  for (const stored of names()) {
    if (NEEDED.includes(stored)) continue;
    const key = stored.slice(PREFIX.length);
    const { content, at } = recall(key) ?? {};
    if (key.split("/").includes(id)) forget(key);
    else if (Array.isArray(content)) remember(key, content.filter((one) => !isOfIt(one)), at);
    else if (isOfIt(content)) forget(key);
  }
}

/** Forget all that belongs to a user; language, units and theme stay. */
export function forgetUser() {
  for (const name of names()) {
    if (!OF_THE_PHONE.includes(name)) localStorage.removeItem(name);
  }
}

/** The names of all that is kept; none where the browser keeps nothing. */
function names() {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  } catch (error) {
    console.info("The phone keeps nothing:", error.message);
    return [];
  }
}
