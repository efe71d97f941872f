// SPDX-License-Identifier: EUPL-1.2
// The server puts `const RELEASE = {version, shell, later}` above this line. Every path but "/" and the manifest
// names the release, so what is kept under it or fetched from it is of this release or nothing.

const CACHE = `iskar-${RELEASE.version}`;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const path = event.request.mode === "navigate" && url.pathname === "/" ? "/" : url.pathname;
  if (url.origin === self.location.origin && [RELEASE.shell, RELEASE.later].some((paths) => paths.includes(path))) {
    event.respondWith(answer(path, event.request));
  }
});

self.addEventListener("push", (event) => event.waitUntil(show(event.data?.json() ?? {})));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openAt(event.notification.data.url));
});

/** Show what happened; the next word on the same alert takes its place. */
function show({ title = "Iskar", body = "", tag, url = "/", lang, severity }) {
  const options = { body, tag, lang, data: { url }, icon: "/app/icon.png", renotify: Boolean(tag), requireInteraction: severity === "critical" };
  return self.registration.showNotification(title, options);
}

/** Bring a window of ours to the alert, or open one; nothing of anybody else's. */
async function openAt(path) {
  const url = new URL(path, self.location.origin);
  if (url.origin !== self.location.origin) return;
  const [page] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (!page) return void await self.clients.openWindow(url.href);
  try {
    await page.navigate(url.href);
  } catch (error) {
    console.info("The window could not be sent there:", error.message); // such as one that was loaded past this worker
    return void await self.clients.openWindow(url.href);
  }
  try {
    await page.focus();
  } catch (error) {
    console.info("The window could not be brought to the front:", error.message); // it shows the alert all the same
  }
}

self.addEventListener("message", (event) => {
  if (event.data === "keep-all") event.waitUntil(keep(RELEASE.later));
});

/** Fetch the whole shell or nothing: half a shell is a blank page. */
async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all(RELEASE.shell.map(async (path) => {
    const response = await fetch(path, path === "/" ? { cache: "no-cache" } : {});
    if (!response.ok || (path === "/" && response.headers.get("x-iskar-release") !== RELEASE.version)) {
      throw new Error(`${path} is not of release ${RELEASE.version}.`);
    }
    await cache.put(path, response);
  }));
  await keep(await keptOfFormer());
  await self.skipWaiting();
}

async function activate() {
  for (const name of await formerCaches()) await caches.delete(name);
  await self.clients.claim();
}

const formerCaches = async () => (await caches.keys()).filter((name) => name !== CACHE);

/** Which of the later files this phone has of a former release: what opened offline goes on doing so. */
async function keptOfFormer() {
  const kept = new Set();
  for (const name of await formerCaches()) {
    for (const { url } of await (await caches.open(name)).keys()) kept.add(undated(new URL(url).pathname));
  }
  return RELEASE.later.filter((path) => kept.has(undated(path)));
}

/** A path without its release. */
const undated = (path) => path.replace(/^\/(app|vendor)\/[^/]+\//, "/$1/");

/** Keep those of the later files that are not kept yet; what can't be had is fetched when it is asked for. */
async function keep(paths) {
  const cache = await caches.open(CACHE);
  for (const path of paths) {
    try {
      if (!(await cache.match(path))) await cache.add(path);
    } catch (error) {
      console.info(`${path} could not be kept:`, error.message);
    }
  }
}

async function answer(path, request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(path);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok && RELEASE.later.includes(path)) await cache.put(path, response.clone());
  return response;
}
