// SPDX-License-Identifier: EUPL-1.2
/** The cloud's routes of subscriptions, and what the browser needs to be told by push. */

import { call } from "./api.js";

export const subscriptions = async () => (await call("GET", "/subscriptions")).items;

/** Make or change a subscription under an id of ours, so that a repeated attempt makes no second one. */
export const putSubscription = (id, wish) => call("PUT", `/subscriptions/${encodeURIComponent(id)}`, wish);

export const deleteSubscription = (id) => call("DELETE", `/subscriptions/${encodeURIComponent(id)}`);

/** An id that nobody else's subscription of ours has: at most 32 characters. */
export const newId = () => `app-${[...crypto.getRandomValues(new Uint8Array(12))].map((one) => one.toString(16).padStart(2, "0")).join("")}`;

/** Whether this browser can be told by push: "ready", "ask", "denied", "install" (an iPhone, first) or "unsupported". */
export function pushState() {
  const isApple = /iPad|iPhone|iPod/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
  const isInstalled = matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
  if (isApple && !isInstalled) return "install";
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" ? "ready" : "ask";
}

/** The person said no when the browser asked. */
export class PushDeniedError extends Error {}

/** The browser has no way to be told, such as no worker or no push service. */
export class NoPushError extends Error {}

const WORKER_MS = 10_000;

/** Have the browser take messages from this cloud: {endpoint, p256dh, auth}. Call it from a press. */
export async function pushTarget() {
  if (await Notification.requestPermission() !== "granted") throw new PushDeniedError("The person said no.");
  const { key } = await call("GET", "/push-key");
  try {
    const registration = await soon(navigator.serviceWorker.ready);
    const target = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) });
    const { endpoint, keys } = target.toJSON();
    return { endpoint, p256dh: keys.p256dh, auth: keys.auth };
  } catch (cause) {
    throw new NoPushError("The browser takes no messages.", { cause });
  }
}

/** `ready` never comes where the worker could not be installed. */
const soon = (ready) => Promise.race([
  ready, new Promise((_, fail) => { setTimeout(() => fail(new Error("There is no worker.")), WORKER_MS); }),
]);

const bytesOf = (base64url) =>
  Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
