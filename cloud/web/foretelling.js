// SPDX-License-Identifier: EUPL-1.2
/** The forecast beside a chart of use: its module is loaded, and the forecast asked for, once a chart stands. */

const PAINTED_MS = 300;

/** A Lit controller; `of` gives what `components/ahead.js` does, null until that is there. */
export class Foretelling {
  #host;
  /** @type {import("./components/ahead.js").Ahead | null} */
  #ahead = null;
  #isLoading = false;

  constructor(host) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected() {}

  of(premisesId, utility, span, usage, slots) {
    if (!this.#ahead && !this.#isLoading) {
      this.#isLoading = true;
      setTimeout(() => this.#load(), PAINTED_MS);
    }
    return this.#ahead?.of(premisesId, utility, span, usage, slots) ?? null;
  }

  async #load() {
    try {
      const { Ahead } = await import("./components/ahead.js");
      this.#ahead = new Ahead(this.#host);
      this.#host.requestUpdate();
    } catch (error) {
      console.info("The forecast could not be loaded:", error.message);
      this.#isLoading = false; // tried again with the next figures
    }
  }
}
