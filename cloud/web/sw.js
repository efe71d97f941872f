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
