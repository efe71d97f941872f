// SPDX-License-Identifier: EUPL-1.2
/** A listing that comes page by page, and is asked for further when somebody wants more. */

/** A Lit controller; `ask` gets a cursor, null for the first page, and resolves to {items, next_cursor}. */
export class Pages {
  #host;
  #ask;
  #cursor = null;
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
    return this.more();
  }

  async more() {
    const cursor = this.#cursor;
    this.isAsking = true;
    this.#host.requestUpdate();
    try {
      const { items, next_cursor } = await this.#ask(cursor);
      if (cursor !== this.#cursor) return; // begun anew meanwhile
      this.items = [...(cursor ? this.items : []), ...items];
      this.#cursor = next_cursor;
      this.hasMore = next_cursor !== null;
      this.error = null;
    } catch (error) {
      this.error = error;
    } finally {
      this.isAsking = false;
      this.#host.requestUpdate();
    }
  }
}
