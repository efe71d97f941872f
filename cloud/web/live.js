// SPDX-License-Identifier: EUPL-1.2
/** The stream of readings and alerts of one building; it comes back by itself. */

import { liveAddress } from "./api.js";

export const CONNECTING = "connecting";
export const LIVE = "live";
export const OFFLINE = "offline";

const RETRY_MS = [1000, 2000, 5000, 10_000, 30_000];
const OPENING_MS = 15_000;
const SILENCE_MS = 90_000; // nodes report every 30 s; a dead connection says nothing at all

export class LiveStream {
  #address;
  #listener;
  /** @type {EventSource | null} */
  #source = null;
  #attempt = 0;
  #timer;

  /** `listener` has onState(state), onReading(reading) and onAlert(alert). */
  constructor(premisesId, listener) {
    this.#address = liveAddress(premisesId);
    this.#listener = listener;
  }

  open() {
    addEventListener("offline", this.#lose);
    addEventListener("online", this.#connect);
    document.addEventListener("visibilitychange", this.#wake);
    this.#connect();
  }

  close() {
    removeEventListener("offline", this.#lose);
    removeEventListener("online", this.#connect);
    document.removeEventListener("visibilitychange", this.#wake);
    this.#disconnect();
  }

  #connect = () => {
    this.#listener.onState(navigator.onLine ? CONNECTING : OFFLINE);
    this.#renew();
  };

  #renew = () => {
    this.#disconnect();
    this.#timer = setTimeout(this.#lose, OPENING_MS);
    const source = new EventSource(this.#address);
    source.addEventListener("open", () => {
      this.#attempt = 0;
      this.#listener.onState(LIVE);
      this.#expectWord();
    });
    source.addEventListener("reading", (event) => {
      this.#expectWord();
      this.#listener.onReading(JSON.parse(event.data));
    });
    source.addEventListener("alert", (event) => {
      this.#expectWord();
      this.#listener.onAlert(JSON.parse(event.data));
    });
    source.addEventListener("error", this.#lose);
    this.#source = source;
  };

  // EventSource gives up for good on a refusal, and retries without backoff otherwise: we retry
  #lose = () => {
    this.#disconnect();
    this.#listener.onState(OFFLINE);
    const delayMs = RETRY_MS[Math.min(this.#attempt, RETRY_MS.length - 1)];
    this.#attempt += 1;
    this.#timer = setTimeout(this.#connect, delayMs * (0.75 + Math.random() / 2));
  };

  #wake = () => {
    const isShut = this.#source === null || this.#source.readyState === EventSource.CLOSED;
    if (document.visibilityState === "visible" && isShut) this.#connect();
  };

  #expectWord() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#renew, SILENCE_MS);
  }

  #disconnect() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
