// SPDX-License-Identifier: EUPL-1.2
/** One building as it is now: the last snapshot, kept current by the stream, remembered on the phone. */

import { alertsOf, premises, UnreachableError } from "./api.js";
import { now } from "./clock.js";
import { CONNECTING, LIVE, LiveStream, OFFLINE } from "./live.js";
import { forgetAbout, recall, remember } from "./store.js";

const KEEP_EVERY_MS = 5000;

/** A Lit controller: the host renders `building`, `alerts`, `state`, `keptSince` and `error`. */
export class Feed {
  #host;
  #id;
  #stream;
  #keptAt = 0;
  /** @type {any} */
  building = null;
  /** @type {any[]} */
  alerts = [];
  state = CONNECTING;
  /** @type {number | null} */
  keptSince = null; // when what is shown was fetched, if it comes from the phone's memory
  error = null;

  constructor(host, premisesId) {
    this.#host = host;
    this.#id = premisesId;
    host.addController(this);
  }

  hostConnected() {
    this.#stream = new LiveStream(this.#id, this);
    this.#stream.open();
    this.refresh();
    addEventListener("pagehide", this.#keep);
  }

  hostDisconnected() {
    this.#stream.close();
    removeEventListener("pagehide", this.#keep);
    if (this.state === LIVE) this.#keep();
  }

  onState(state) {
    if (this.state === LIVE && state !== LIVE) this.#keep(); // what came last, before a refresh that fails is shown as old
    // what came before the stream opened is only in a snapshot; a stream that ends may be one that is no longer ours
    if (state === LIVE || (state === OFFLINE && this.state === LIVE)) this.refresh();
    this.state = state;
    this.#host.requestUpdate();
  }

  onReading(reading) {
    if (!this.building) return;
    this.building = applyReading(this.building, reading);
    if (now() - this.#keptAt > KEEP_EVERY_MS) this.#keep();
    this.#host.requestUpdate();
  }

  onAlert(alert) {
    this.alerts = applyAlert(this.alerts, alert);
    this.#host.requestUpdate();
  }

  async refresh() {
    try {
      const [building, alerts] = await Promise.all([premises(this.#id), alertsOf(this.#id)]);
      this.building = this.building ? keepNewer(this.building, building) : building;
      this.alerts = alerts;
      this.error = null;
      this.keptSince = null;
      this.#keep();
    } catch (error) {
      this.#fallBack(error);
    }
    this.#host.requestUpdate();
  }

  #fallBack(error) {
    const kept = recall(`premises/${this.#id}`);
    if (error instanceof UnreachableError && (this.building || kept)) {
      this.building ??= kept.content.building;
      if (!this.alerts.length && kept) this.alerts = kept.content.alerts;
      this.keptSince = kept?.at ?? null;
    } else {
      this.error = error;
      if (isGone(error)) this.#drop();
    }
  }

  /** Let go of a building that isn't the reader's any more, and of all the phone keeps of it. */
  #drop() {
    this.building = null;
    this.alerts = [];
    this.keptSince = null;
    forgetAbout(this.#id);
    this.#stream.close();
  }

  #keep = () => {
    if (!this.building || this.keptSince) return;
    this.#keptAt = now();
    remember(`premises/${this.#id}`, { building: this.building, alerts: this.alerts }, this.#keptAt);
  };
}

/** Whether an error says that there is no such building, or none for this reader. */
export const isGone = (error) => error?.status === 403 || error?.status === 404;

/** The building with `reading` put where it belongs, unless a newer one is there already. */
export function applyReading(building, reading) {
  const service_points = building.service_points.map((point) => {
    if (point.service_point_id !== reading.service_point_id) return point;
    if (reading.register === undefined || reading.register === null) return applyFlow(point, reading);
    if (isOlder(reading.read_at, point.read_at)) return point;
    const { register, read_at, received_at, quality } = reading;
    return { ...point, register, read_at, received_at, quality };
  });
  return { ...building, service_points };
}

function applyFlow(point, { reading_type, unit, reading, read_at }) {
  if (isOlder(read_at, point.instantaneous?.read_at)) return point;
  return { ...point, instantaneous: { reading_type, unit, reading, read_at } };
}

const isOlder = (one, other) => Boolean(one && other) && Date.parse(one) < Date.parse(other);

function keepNewer(shown, fetched) {
  const known = new Map(shown.service_points.map((point) => [point.service_point_id, point]));
  const service_points = fetched.service_points.map((point) => {
    const old = known.get(point.service_point_id);
    return old && isOlder(point.read_at, old.read_at) ? old : point;
  });
  return { ...fetched, service_points };
}

/** The alerts, newest first, with `alert` in place of its former state. */
export function applyAlert(alerts, alert) {
  const others = alerts.filter((other) => other.alert_id !== alert.alert_id);
  return [alert, ...others].sort((a, b) => Date.parse(b.raised_at) - Date.parse(a.raised_at));
}
