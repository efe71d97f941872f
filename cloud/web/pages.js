// SPDX-License-Identifier: EUPL-1.2
/** A listing that comes page by page, and is asked for further when somebody wants more. */

/** A Lit controller; `ask` gets a cursor, null for the first page, and resolves to {items, next_cursor}. */
export class Pages {
  #host;
  #ask;
  #cursor = null;
  #run = 0; // how often it has begun anew
  #asking = 0; // in which of these it asks
  /** @type {any[] | null} */
  items = null; // null: not there yet
  hasMore = false;
  isAsking = false;
  error = null;

  constructor(host, ask) {
    this.#host = host;
    this.#ask = ask;
    host.addController(this);
  }

  hostConnected() {
    if (!this.items) this.more();
  }

  /** Forget all and begin anew, as the host is about something else now. */
  restart() {
    Object.assign(this, { items: null, hasMore: false, error: null });
    this.#cursor = null;
    this.#run += 1;
    return this.more();
  }

  async more() {
    if (this.isAsking && this.#asking === this.#run) return; // two presses are one page
    this.#asking = this.#run;
    const [cursor, run] = [this.#cursor, this.#run];
    this.isAsking = true;
    this.#host.requestUpdate();
    try {
      const { items, next_cursor } = await this.#ask(cursor);
      if (run !== this.#run) return; // begun anew meanwhile
      this.items = [.../** @type {any[]} */ (cursor ? this.items : []), ...items];
      this.#cursor = next_cursor;
      this.hasMore = next_cursor !== null;
      this.error = null;
    } catch (error) {
      if (run === this.#run) this.error = error;
    } finally {
      if (run === this.#run) this.isAsking = false;
      this.#host.requestUpdate();
    }
  }
}
