// SPDX-License-Identifier: EUPL-1.2
/** One building as it is now: the last snapshot, kept current by the stream, remembered on the phone. */

import { alertsOf, isGone, premises, UnreachableError, willPass } from "./api.js";
import { now } from "./clock.js";
import { CONNECTING, LIVE, LiveStream, OFFLINE } from "./live.js";
import { forgetAbout, recall, remember } from "./store.js";

const KEEP_EVERY_MS = 5000;
const ASK_AGAIN_MS = 5000;

/** A Lit controller: the host renders `building`, `alerts`, `state`, `keptSince` and `error`. */
export class Feed {
  #host;
  #id;
  #stream;
  #timer;
  #keptAt = 0;
  #currentAt = 0; // when what is shown was of that moment
  #asked = 0; // snapshots that were asked for
  #taken = 0; // the newest of those that came
  #early = []; // readings that came before there was a building to put them in
  #since = []; // [asked, alert]: what was said of alerts while a snapshot was on its way is newer than it
  /** @type {any} */
  building = null;
  /** @type {any[]} */
  alerts = [];
  state = CONNECTING;
  /** @type {number | null} */
  keptSince = null; // of when what is shown is, if the newest could not be had
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
    clearTimeout(this.#timer);
    removeEventListener("pagehide", this.#keep);
    if (this.state === LIVE) this.#keep();
    this.state = CONNECTING;
    this.#taken = this.#asked += 1; // what is still on its way comes too late
  }

  onState(state) {
    if (this.state === LIVE && state !== LIVE) this.#keep(); // what came last, before a refresh that fails is shown as old
    const wasLive = this.state === LIVE;
    this.state = state;
    // what came before the stream opened is only in a snapshot; a stream that ends may be one that is no longer ours
    if (state === LIVE || (state === OFFLINE && wasLive)) this.refresh();
    this.#host.requestUpdate();
  }

  onReading(reading) {
    if (!this.building) return void this.#early.push(reading);
    this.building = applyReading(this.building, reading);
    if (now() - this.#keptAt > KEEP_EVERY_MS) this.#keep();
    this.#host.requestUpdate();
  }

  onAlert(alert) {
    this.#since.push([this.#asked, alert]);
    this.alerts = applyAlert(this.alerts, alert);
    this.#keep();
    this.#host.requestUpdate();
  }

  async refresh() {
    clearTimeout(this.#timer);
    const asked = this.#asked += 1;
    try {
      const [building, alerts] = await Promise.all([premises(this.#id), alertsOf(this.#id)]);
      if (asked < this.#taken) return; // one that was asked for later came sooner
      this.#take(asked, building, alerts);
    } catch (error) {
      if (asked < this.#asked) return; // another is on its way, or came
      this.#fallBack(error);
    }
    this.#host.requestUpdate();
  }

  #take(asked, building, alerts) {
    this.#taken = asked;
    this.building = this.#early.reduce(applyReading, this.building ? keepNewer(this.building, building) : building);
    this.#early = [];
    this.#since = this.#since.filter(([when]) => when >= asked);
    this.alerts = this.#since.reduce((known, [, alert]) => applyAlert(known, alert), alerts);
    this.error = null;
    this.keptSince = null;
    this.#currentAt = now();
    this.#keep();
  }

  #fallBack(error) {
    const kept = this.building ? null : recall(`premises/${this.#id}`);
    if (error instanceof UnreachableError && (this.building || kept)) {
      if (kept) {
        this.building = this.#early.reduce(applyReading, kept.content.building);
        this.alerts = this.#since.reduce((known, [, alert]) => applyAlert(known, alert), kept.content.alerts);
        this.#currentAt = kept.at;
      }
      this.#early = [];
      this.keptSince = this.#currentAt;
    } else {
      this.error = error;
      if (isGone(error)) this.#drop();
    }
    if (willPass(error)) this.#timer = setTimeout(() => this.refresh(), ASK_AGAIN_MS); // the stream may be open all the while
  }

  /** Let go of a building that isn't the reader's any more, and of all the phone keeps of it. */
  #drop() {
    this.building = null;
    this.alerts = [];
    this.keptSince = null;
    forgetAbout(this.#id);
    this.#stream.close();
  }

  /** Keep what is shown; it is of now only as long as the stream and the snapshot are both there. */
  #keep = () => {
    if (!this.building) return;
    this.#keptAt = now();
    if (this.state === LIVE && !this.keptSince) this.#currentAt = this.#keptAt;
    remember(`premises/${this.#id}`, { building: this.building, alerts: this.alerts }, this.#currentAt);
  };
}

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
    const { register, read_at, received_at, quality, instantaneous } = old ?? {};
    return {
      ...point,
      ...isOlder(point.read_at, read_at) && { register, read_at, received_at, quality },
      ...isOlder(point.instantaneous?.read_at, instantaneous?.read_at) && { instantaneous },
    };
  });
  return { ...fetched, service_points };
}

/** The alerts, newest first, with `alert` in place of its former state. */
export function applyAlert(alerts, alert) {
  const others = alerts.filter((other) => other.alert_id !== alert.alert_id);
  return [alert, ...others].sort((a, b) => Date.parse(b.raised_at) - Date.parse(a.raised_at));
}
