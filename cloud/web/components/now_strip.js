// SPDX-License-Identifier: EUPL-1.2
/** What a building uses right now, by utility: the rates of its main meters; where none is known, since when. */

import { html, nothing } from "lit";
import { Ticker } from "../clock.js";
import { utilitiesOf } from "../kinds.js";
import { language, t } from "../language.js";
import { rateOf } from "../rate.js";
import { amountText } from "../units.js";
import "../words/usage.js";
import "./age.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";

export class NowStrip extends Element {
  static properties = { points: {} };

  constructor() {
    super();
    this.points = [];
    new Ticker(this, 10_000);
  }

  render() {
    const seen = new Set(this.points.map(({ service_point_id }) => service_point_id));
    const mains = this.points.filter((point) => !seen.has(point.parent_service_point_id));
    return html`
      <section class="now" aria-labelledby="now-title">
        <h2 id="now-title" class="visually-hidden">${t("now_title")}</h2>
        <dl class="now-strip">${utilitiesOf(mains).map((utility) => this.#tile(utility, mains.filter((point) => point.utility === utility)))}</dl>
      </section>`;
  }

  #tile(utility, mains) {
    const telling = mains.filter((point) => rateOf(point) !== null);
    const rate = telling.length ? telling.reduce((sum, point) => sum + rateOf(point), 0) : null;
    const unheard = mains.length > telling.length;
    const newest = Math.max(...mains.map(({ read_at }) => (read_at ? Date.parse(read_at) : 0)));
    return html`
      <div class="u-${utility}" data-now=${utility}>
        <dt>${icon(utility)}${t(utility)}</dt>
        <dd><b>${amountText(rate, telling[0]?.instantaneous.unit, language())}</b>
          ${rate === null ? html`<small>${newest ? html`<iskar-age .at=${newest}></iskar-age>` : t("never_read")}</small>` : nothing}
          ${rate !== null && unheard ? html`<small>${t("now_of", { n: telling.length, of: mains.length })}</small>` : nothing}</dd>
      </div>`;
  }
}
customElements.define("iskar-now", NowStrip);
