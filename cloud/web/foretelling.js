// SPDX-License-Identifier: EUPL-1.2
/** The forecast beside a chart of use: its module is loaded, and the forecast asked for, once a chart comes into sight. */

const WELL_IN_SIGHT = "0px 0px -200px 0px"; // what stands above the chart doesn't count

/** A Lit controller; `of` gives what `components/ahead.js` does, null until that is there. */
export class Foretelling {
  #host;
  /** @type {import("./components/ahead.js").Ahead | null} */
  #ahead = null;
  #isWanted = false; // something is charted
  #isInSight = false;
  #isLoading = false;
  /** @type {IntersectionObserver | undefined} */
  #seen;

  constructor(host) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected() {
    this.#seen = new IntersectionObserver((entries) => {
      this.#isInSight = entries.some((entry) => entry.isIntersecting);
      this.#load();
    }, { rootMargin: WELL_IN_SIGHT });
    this.#seen.observe(this.#host);
  }

  hostDisconnected() {
    this.#seen?.disconnect();
  }

  of(premisesId, utility, span, usage, slots) {
    this.#isWanted = true;
    this.#load();
    return this.#ahead?.of(premisesId, utility, span, usage, slots) ?? null;
  }

  async #load() {
    if (this.#ahead || this.#isLoading || !this.#isWanted || !this.#isInSight) return;
    this.#isLoading = true;
    try {
      const { Ahead } = await import("./components/ahead.js");
      this.#ahead = new Ahead(this.#host);
      this.#host.requestUpdate();
    } catch (error) {
      console.info("The forecast could not be loaded:", error.message);
    }
    this.#isLoading = false; // what failed is tried again with the next figures
  }
}
