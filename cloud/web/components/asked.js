// SPDX-License-Identifier: EUPL-1.2
/** Something asked of the server: kept for times without it, and asked again by itself until it comes. */

import { isGone, UnreachableError, willPass } from "../api.js";
import { now } from "../clock.js";
import { forget, recall, remember } from "../store.js";

const ASK_AGAIN_MS = 5000;

/** A Lit controller: the host renders `content`, `keptSince`, `isGone` and `error`. */
export class Asked {
  #host;
  #ask;
  #key;
  #everyMs;
  #timer;
  #ticker;
  #isThere = false;
  #asked = 0;
  #taken = 0; // the newest of those that were answered
  #currentAt = 0; // when what is shown was of that moment
  /** @type {any} */
  content = null;
  /** @type {number | null} */
  keptSince = null; // of when what is shown is, if the newest could not be had
  isGone = false; // there is no such thing, or none for us
  error = null;

  /**
   * `ask` resolves to the content, null for none; under `key` the phone keeps it, null for what it shall not keep.
   * Without `ask` nothing is asked until `turnTo`. Given `everyMs`, it is asked again that often while the page is seen.
   * @param {any} host
   * @param {(() => Promise<any>) | null} [ask]
   * @param {string | null} [key]
   * @param {number | null} [everyMs]
   */
  constructor(host, ask = null, key = null, everyMs = null) {
    this.#host = host;
    this.#ask = ask;
    this.#key = key;
    this.#everyMs = everyMs;
    host.addController(this);
  }

  hostConnected() {
    this.#isThere = true;
    addEventListener("online", this.refresh);
    if (this.#everyMs) {
      document.addEventListener("visibilitychange", this.#look);
      this.#ticker = setInterval(this.#look, this.#everyMs);
    }
    this.refresh();
  }

  hostDisconnected() {
    this.#isThere = false;
    removeEventListener("online", this.refresh);
    document.removeEventListener("visibilitychange", this.#look);
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
    this.#dropAsked();
  }

  /**
   * Ask something else from now on: nothing of the former is shown any more, also if its answer is on its way.
   * @param {() => Promise<any>} ask
   * @param {string | null} [key]
   */
  turnTo(ask, key = null) {
    this.#dropAsked();
    Object.assign(this, { content: null, keptSince: null, isGone: false, error: null });
    this.#ask = ask;
    this.#key = key;
    if (this.#isThere) this.refresh();
  }

  /** Show at once what is known of it otherwise, and ask for the rest: what is on its way is older. */
  replace(content) {
    this.#dropAsked();
    this.content = content;
    this.#host.requestUpdate();
    this.refresh();
  }

  refresh = async () => {
    clearTimeout(this.#timer);
    if (!this.#ask) return;
    const asked = this.#asked += 1;
    try {
      const content = await this.#ask();
      if (asked < this.#taken) return; // one that was asked for later came sooner
      this.#take(asked, content);
    } catch (error) {
      if (asked < this.#asked) return; // another is on its way, or came
      this.#fallBack(error);
    }
    this.#host.requestUpdate();
  };

  #look = () => {
    if (!document.hidden) this.refresh();
  };

  #dropAsked() {
    this.#taken = this.#asked += 1;
  }

  #take(asked, content) {
    this.#taken = asked;
    this.content = content;
    this.isGone = content === null;
    this.error = null;
    this.keptSince = null;
    this.#currentAt = now();
    if (!this.#key) return;
    if (content === null) forget(this.#key);
    else remember(this.#key, content, this.#currentAt);
  }

  #fallBack(error) {
    this.error = error;
    if (isGone(error)) {
      Object.assign(this, { content: null, keptSince: null, isGone: true });
      if (this.#key) forget(this.#key);
    } else if (error instanceof UnreachableError) {
      this.#recall();
    }
    if (willPass(error) && this.#isThere) this.#timer = setTimeout(this.refresh, ASK_AGAIN_MS);
  }

  #recall() {
    const kept = this.#key && this.content === null ? recall(this.#key) : null;
    if (kept) {
      this.content = kept.content;
      this.#currentAt = kept.at;
    }
    if (this.content !== null) this.keptSince = this.#currentAt;
  }
}
