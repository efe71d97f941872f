// SPDX-License-Identifier: EUPL-1.2
/** Who looked at a building's data, or at all of mine, day by day; one's own looks only if asked for. */

import { html, nothing } from "lit";
import { looksAt } from "../account_api.js";
import { dayOf, hourText, longDate } from "../calendar.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import "../words/looks.js";
import { Asked } from "./asked.js";
import { Element } from "./element.js";
import { unanswered } from "./unanswered.js";

const MOST_PAGES = 5; // at once: one's own looks are many, and pages of nothing but them are passed over
const HOUR_MS = 3_600_000;
const KINDS = {
  usage: "use", registers: "readings", readings: "readings", overview: "now", live: "now", premises: "now", cost: "cost", tariffs: "cost",
  alerts: "alerts", backtest: "alerts", forecast: "forecast", forecasts: "forecast", series: "forecast",
};
const ROLES = ["owner", "tenant", "utility", "technician", "municipality", "operator"];

export class Looks extends Element {
  static properties = { premisesId: {}, names: {}, withMine: { state: true }, more: { state: true }, problem: { state: true } };

  #asked = new Asked(this, () => this.#pages(null));
  #asking = null; // the cursor of the pages that are on their way

  constructor() {
    super();
    this.premisesId = null; // null: of all my buildings
    this.names = new Map(); // of buildings and service points, by id
    this.withMine = false;
    this.more = null; // {items, cursor} of later pages
    this.problem = null;
  }

  render() {
    const { content } = this.#asked;
    return html`
      <section class="card panel" aria-labelledby="looks-log-title">
        <h2 id="looks-log-title">${t(this.premisesId ? "looks_building" : "looks_mine")}</h2>
        <p class="note">${t("looks_help")}</p>
        <div class="checks"><label><input type="checkbox" name="with-mine" .checked=${this.withMine} @change=${this.#choose}><span>${t("looks_with_mine")}</span></label></div>
        ${content ? this.#log(content) : unanswered(this.#asked)}
      </section>`;
  }

  #log(content) {
    const items = [...content.items, ...this.more?.items ?? []];
    const cursor = this.more ? this.more.cursor : content.cursor;
    const shown = items.filter((one) => this.withMine || !one.is_you);
    const days = /** @type {Record<string, any[]>} */ (Object.groupBy(hoursIn(shown), (one) => dayOf(one.at)));
    return html`
      ${Object.entries(days).map(([day, hours]) => html`
        <div class="looks-of-day">
          <h3 class="looks-day">${longDate(day, language())}</h3>
          <ul class="rows">${hours.map((one) => this.#row(one))}</ul>
        </div>`)}
      ${Object.keys(days).length ? nothing : html`<p class="done">${t(cursor ? "looks_nobody_so_far" : "looks_nobody")}</p>`}
      ${cursor ? html`<button type="button" class="quiet outlined" data-more @click=${() => this.#more(cursor)}>${t("looks_more")}</button>` : nothing}
      <p class="problem" role="alert">${this.problem?.() ?? nothing}</p>`;
  }

  #row({ at, role, organisation, is_you: isYou, reference, premises_id: premisesId, kinds, places, looks }) {
    const who = isYou ? t("looks_you") : [organisation, ROLES.includes(role) ? t(`looker_${role}`) : role].filter(Boolean).join(", ");
    const what = [...kinds].map((kind) => t(`look_${KINDS[kind] ?? "other"}`));
    return html`
      <li class=${isYou ? "is-you" : ""} data-look=${reference}>
        <div><b>${who}</b><small>${[...new Set(what)].join(", ")}${places.length ? ` · ${[...new Set(places.map((id) => this.names.get(id) ?? this.names.get(premisesId) ?? id))].join(", ")}` : nothing}</small></div>
        <small class="look-when">${hourText(at)}–${hourText(at + HOUR_MS)} · ${t("look_times", { n: looks })}</small>
      </li>`;
  }

  #choose(event) {
    this.withMine = event.target.checked;
    this.more = null;
    this.#asking = null;
    this.#asked.refresh();
  }

  async #more(cursor) {
    if (this.#asking) return; // counted twice, looks would be twice as many
    this.#asking = cursor;
    this.problem = null;
    try {
      const found = await this.#pages(cursor);
      if (this.#asking !== cursor) return; // others were asked for meanwhile
      this.more = { items: [...this.more?.items ?? [], ...found.items], cursor: found.cursor };
    } catch (error) {
      if (this.#asking === cursor) this.problem = () => problemText(error);
    }
    if (this.#asking === cursor) this.#asking = null;
  }

  /** Pages from `cursor` on until one shows anything: {items, cursor}. */
  async #pages(cursor) {
    const items = [];
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const found = await looksAt(this.premisesId, cursor);
      items.push(...found.items);
      cursor = found.next_cursor;
      if (!cursor || items.some((one) => this.withMine || !one.is_you)) break;
    }
    return { items, cursor };
  }
}
customElements.define("iskar-looks", Looks);

/** What one person looked at in an hour as one: kinds, places and looks together. */
function hoursIn(items) {
  const found = new Map();
  for (const one of items) {
    const key = `${one.hour} ${one.reference} ${one.premises_id}`;
    const known = found.get(key) ?? { ...one, at: Date.parse(one.hour), kinds: new Set(), ids: new Set(), looks: 0 };
    known.kinds.add(one.kind);
    known.ids.add(one.service_point_id ?? one.premises_id);
    known.looks += one.looks;
    found.set(key, known);
  }
  return [...found.values()].map((one) => ({ ...one, places: [...one.ids] }));
}

/** Names of buildings and, where they are known, their service points, by id. */
export const namesOf = (buildings) => new Map(buildings.flatMap(({ premises_id: id, name, service_points: points = [] }) =>
  [[id, named(name)], ...points.map((point) => [point.service_point_id, named(point.name)])]));
