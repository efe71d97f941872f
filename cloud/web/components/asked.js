// SPDX-License-Identifier: EUPL-1.2
/** Something asked of the server: kept for times without it, and asked again by itself until it comes. */

import { UnreachableError } from "../api.js";
import { now } from "../clock.js";
import { recall, remember } from "../store.js";

const ASK_AGAIN_MS = 5000;

/** A Lit controller: the host renders `content`, `keptSince` and `error`. */
export class Asked {
  #host;
  #ask;
  #key;
  #timer;
  #isThere = false;
  /** @type {any} */
  content = null;
  /** @type {number | null} */
  keptSince = null; // when what is shown was fetched, if it comes from the phone's memory
  error = null;

  /**
   * `ask` resolves to the content; under `key` the phone keeps it, null for what it shall not keep.
   * @param {string | null} [key]
   */
  constructor(host, ask, key = null) {
    this.#host = host;
    this.#ask = ask;
    this.#key = key;
    host.addController(this);
  }

  hostConnected() {
    this.#isThere = true;
    addEventListener("online", this.refresh);
    this.refresh();
  }

  hostDisconnected() {
    this.#isThere = false;
    removeEventListener("online", this.refresh);
    clearTimeout(this.#timer);
  }

  refresh = async () => {
    clearTimeout(this.#timer);
    try {
      this.content = await this.#ask();
      this.error = null;
      this.keptSince = null;
      if (this.#key) remember(this.#key, this.content, now());
    } catch (error) {
      this.#fallBack(error);
    }
    this.#host.requestUpdate();
  };

  #fallBack(error) {
    this.error = error;
    const kept = this.#key && error instanceof UnreachableError ? recall(this.#key) : null;
    if (kept) {
      this.content ??= kept.content;
      this.keptSince = kept.at;
    }
    const willPass = error instanceof UnreachableError || error.status >= 500;
    if (willPass && this.#isThere) this.#timer = setTimeout(this.refresh, ASK_AGAIN_MS);
  }
}
