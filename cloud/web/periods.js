// SPDX-License-Identifier: EUPL-1.2
/** Fetches the periods a host wants to chart and what they cost, again every half minute, and remembers them. */

import { costOf, UnreachableError, usageOf, usageRoute } from "./api.js";
import { now } from "./clock.js";
import { recall, remember } from "./store.js";

const REFRESH_MS = 30_000;

/** A Lit controller; `want` says which periods by name, `get` gives what is known of one; `isPriceless` ones need no cost. */
export class Periods {
  #host;
  #wanted = {};
  #keys = []; // of what is wanted, as it was asked for
  #known = new Map(); // key of a period: {usage, cost, keptSince, isUnknown}
  #asked = new Map(); // key of a period: how often it was asked for
  #taken = new Map(); // and which of these was answered last
  #timer;

  constructor(host) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected() {
    this.#timer = setInterval(() => {
      if (!document.hidden) Object.values(this.#wanted).forEach((period) => this.#fetch(period));
    }, REFRESH_MS);
    addEventListener("online", this.#refresh);
  }

  hostDisconnected() {
    clearInterval(this.#timer);
    removeEventListener("online", this.#refresh);
  }

  want(periods) {
    const before = this.#keys;
    this.#wanted = periods;
    this.#keys = Object.values(periods).map(askedOf);
    for (const period of Object.values(periods)) {
      if (!before.includes(askedOf(period))) this.#fetch(period);
    }
  }

  get(name) {
    return this.#wanted[name] ? this.#known.get(keyOf(this.#wanted[name])) ?? {} : {};
  }

  #refresh = () => Object.values(this.#wanted).forEach((period) => this.#fetch(period));

  async #fetch(period) {
    const key = keyOf(period);
    const asked = (this.#asked.get(key) ?? 0) + 1;
    this.#asked.set(key, asked);
    try {
      const usage = await usageOf(period.premisesId, period);
      if (asked < (this.#taken.get(key) ?? 0)) return; // one that was asked for later came sooner
      this.#taken.set(key, asked);
      this.#known.set(key, { usage, cost: this.#known.get(key)?.cost });
      remember(key, usage, now());
      if (!period.isPriceless) this.#price(key, period);
    } catch (error) {
      if (asked < this.#asked.get(key)) return; // another is on its way, or came
      console.info(`The use of ${key} could not be fetched:`, error.message);
      this.#known.set(key, this.#fallBack(key, error));
    }
    this.#host.requestUpdate();
  }

  /** Use without its cost is worth showing, so that comes after it, and may stay away. */
  async #price(key, period) {
    try {
      const cost = await costOf(period.premisesId, period);
      this.#known.set(key, { ...this.#known.get(key), cost });
      this.#host.requestUpdate();
    } catch (error) {
      console.info(`The cost of ${key} could not be fetched:`, error.message);
    }
  }

  #fallBack(key, error) {
    const kept = recall(key);
    if (kept && error instanceof UnreachableError) return { usage: kept.content, keptSince: kept.at };
    return this.#known.get(key)?.usage ? this.#known.get(key) : { isUnknown: true };
  }
}

const keyOf = ({ premisesId, utility, resolution, from }) => `${usageRoute(utility)}/${premisesId}/${utility}/${resolution}/${from}`;

const askedOf = (period) => `${keyOf(period)}/${period.isPriceless ? "use" : "cost"}`;
