// SPDX-License-Identifier: EUPL-1.2
/** Keeps an installed app at the newest release: looks at every return to the foreground. */

const MINE = new URL(import.meta.url).pathname.split("/")[2];
const KEEP_ALL_AFTER_MS = 60_000; // who stays this long comes back, and may then have no network
const MOVE_TIMEOUT_MS = 20_000;
const FIRST_VISIT_MS = 3000; // what is wanted on the screen goes before what is kept for later

export async function keepUpToDate() {
  if (!("serviceWorker" in navigator)) return;
  const container = navigator.serviceWorker;
  let isOld = container.controller !== null; // the first worker of a first visit replaces nothing
  container.addEventListener("controllerchange", () => {
    if (isOld) reloadSoon();
    isOld = true;
  });
  if (isOld) await register(container);
  else afterLoad(() => register(container));
}

function afterLoad(act) {
  const soon = () => setTimeout(act, FIRST_VISIT_MS);
  if (document.readyState === "complete") soon();
  else addEventListener("load", soon, { once: true });
}

async function register(container) {
  try {
    const registration = await container.register("/sw.js", { updateViaCache: "none" });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") update(registration);
    });
    keepAllLater(container);
  } catch (error) {
    console.info("The app works, but can't be opened offline:", error.message);
  }
}

/** Move to the release that the server has now, if it isn't this one; resolves to whether the page is about to. */
export async function moveToNewest() {
  if (!(await isOutdated())) return false;
  const registration = await navigator.serviceWorker?.getRegistration();
  if (registration && !(await isTakenOver(registration))) return false;
  location.reload();
  return true;
}

async function isOutdated() {
  try {
    const answer = await fetch("/sw.js", { method: "HEAD", cache: "no-store" });
    return answer.ok && answer.headers.get("x-iskar-release") !== MINE;
  } catch {
    return false; // offline: nobody can tell
  }
}

/** Wait for the newest worker to be in charge: until then a reload would bring the old page again. */
async function isTakenOver(registration) {
  await update(registration);
  const coming = registration.installing ?? registration.waiting;
  if (!coming) return true;
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), MOVE_TIMEOUT_MS);
    coming.addEventListener("statechange", () => {
      if (coming.state === "activated") resolve(true);
      if (coming.state === "redundant") resolve(false);
    });
  });
}

/** Have the views that nobody opened yet kept, too: at once when installed, else after a minute of use. */
function keepAllLater(container) {
  const isInstalled = matchMedia("(display-mode: standalone)").matches;
  if (navigator.connection?.saveData && !isInstalled) return;
  setTimeout(async () => {
    const { active } = await container.ready;
    active?.postMessage("keep-all");
  }, isInstalled ? 0 : KEEP_ALL_AFTER_MS);
}

async function update(registration) {
  try {
    await registration.update();
  } catch (error) {
    console.info("No word about a newer release:", error.message); // offline; the next return asks again
  }
}

/** Open the page anew; where something would be lost by that, once the person goes on to another view. */
function reloadSoon() {
  if (wouldLose()) addEventListener("hashchange", () => location.reload(), { once: true });
  else location.reload();
}

/** Whether the person is in the middle of something: forms, questions, codes that are shown only once. */
function wouldLose() {
  const view = /** @type {(HTMLElement & {isTyped: boolean}) | null} */ (document.querySelector("iskar-view"));
  const focused = document.activeElement;
  return Boolean(view?.isTyped || document.querySelector(".recovery-codes, dialog[open]"))
    || (focused instanceof HTMLInputElement && focused.value !== "");
}
