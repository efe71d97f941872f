// SPDX-License-Identifier: EUPL-1.2
/** When meters were exchanged at the service points that a host charts. */

import { registersOf } from "./api.js";

/** A Lit controller; `all` has the exchanges of the service points wanted last: [{at, before, after}], at in ms, serials. */
export class Exchanges {
  #host;
  #known = new Map(); // by service point
  #wanted = [];

  constructor(host) {
    this.#host = host;
    host.addController(this);
  }

  get all() {
    return this.#wanted.flatMap((id) => this.#known.get(id) ?? []);
  }

  want(servicePointIds) {
    this.#wanted = servicePointIds;
    for (const id of servicePointIds) {
      if (!this.#known.has(id)) this.#fetch(id);
    }
  }

  async #fetch(id) {
    this.#known.set(id, []);
    try {
      const epochs = await registersOf(id);
      this.#known.set(id, epochs.slice(1).flatMap((epoch, at) => (epoch.serial === epochs[at].serial ? [] : [
        { at: Date.parse(epoch.installed_at), before: epochs[at].serial, after: epoch.serial },
      ])));
      this.#host.requestUpdate();
    } catch (error) {
      this.#known.delete(id); // asked again at the next turn
      console.info(`The registers of ${id} could not be fetched:`, error.message);
    }
  }
}
