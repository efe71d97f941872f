// SPDX-License-Identifier: EUPL-1.2
// The server puts `const RELEASE = {version, files}` above this line.

const CACHE = `iskar-${RELEASE.version}`;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const path = event.request.mode === "navigate" && url.pathname === "/" ? "/" : url.pathname;
  if (url.origin === self.location.origin && RELEASE.files.includes(path)) {
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
    await page.focus();
  } catch (error) {
    console.info("The window could not be brought to the front:", error.message); // it shows the alert all the same
  }
  await page.navigate(url.href);
}

/** Fetch the whole release or nothing: half a release is a blank page. */
async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all(RELEASE.files.map(async (path) => {
    const response = await fetch(path, { cache: "no-cache" });
    if (!response.ok || response.headers.get("x-iskar-release") !== RELEASE.version) {
      throw new Error(`${path} is not of release ${RELEASE.version}.`);
    }
    await cache.put(path, response);
  }));
  await self.skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}
