// SPDX-License-Identifier: EUPL-1.2
/** The phone forgets all there is of us: what it kept, what it would be told of, the app itself. */

/** Forget everything; what a browser forbids or lacks is told to the console and passed over. */
export async function forgetEverything() {
  await attempt("what was remembered", () => localStorage.clear());
  await attempt("the push subscription", async () => {
    const registration = await navigator.serviceWorker?.getRegistration();
    await (await registration?.pushManager?.getSubscription())?.unsubscribe();
    await registration?.unregister();
  });
  await attempt("the kept files", async () => {
    const names = await caches.keys();
    await Promise.all(names.map((name) => caches.delete(name)));
  });
}

async function attempt(what, forgetting) {
  try {
    await forgetting();
  } catch (error) {
    console.info(`The browser didn't forget ${what}:`, error.message);
  }
}
