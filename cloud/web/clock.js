// SPDX-License-Identifier: EUPL-1.2
/** The server's time, so that ages are right on a phone whose clock is wrong. */

const TRUSTED_SKEW_MS = 5000; // Date headers are whole seconds and travel a while
let skewMs = 0;

/** Learn from the Date header of an answer that has just arrived. */
export function learn(dateHeader) {
  const serverMs = Date.parse(dateHeader ?? "");
  if (Number.isNaN(serverMs)) return;
  const measuredMs = serverMs + 500 - Date.now();
  skewMs = Math.abs(measuredMs) < TRUSTED_SKEW_MS ? 0 : measuredMs;
}

export function now() {
  return Date.now() + skewMs;
}

/** A Lit controller that renders its host anew every `periodMs`, while the page is seen. */
export class Ticker {
  #host;
  #periodMs;
  #timer;

  constructor(host, periodMs) {
    this.#host = host;
    this.#periodMs = periodMs;
    host.addController(this);
  }

  hostConnected() {
    this.#timer = setInterval(() => {
      if (!document.hidden) this.#host.requestUpdate();
    }, this.#periodMs);
  }

  hostDisconnected() {
    clearInterval(this.#timer);
  }
}
