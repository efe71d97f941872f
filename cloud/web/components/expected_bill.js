// SPDX-License-Identifier: EUPL-1.2
/** What the month's bill will be in the end, with its range, and what each supply adds to it. */

import { html, nothing, svg } from "lit";
import { dateText, dayOf, midnight } from "../calendar.js";
import { now } from "../clock.js";
import { expectedBill } from "../bill_api.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { euroText } from "../units.js";
import { Asked } from "./asked.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";

const REFRESH_MS = 10 * 60_000; // a page that stays open outlives its forecast, and its month

export class ExpectedBill extends Element {
  static properties = { premisesId: {} };

  #asked = new Asked(this, null, null, REFRESH_MS);

  constructor() {
    super();
    this.premisesId = "";
  }

  willUpdate(changed) {
    if (!changed.has("premisesId")) return;
    const id = this.premisesId;
    this.#asked.turnTo(() => expectedBill(id, dayOf(now()).slice(0, 7)));
  }

  render() {
    const { content: told, error } = this.#asked;
    if (!told && error) return failed(error);
    if (!told) return html`<section class="card expected-bill expected-bill-waiting" aria-hidden="true"></section>`; // its room, so that nothing jumps
    if (!told.bills.length) return nothing;
    const { month, isOver, isFallback, soFar, low, mid, high, bills, isAssumed, unpriced } = told;
    const title = t(isOver ? "bill_over" : "bill_expected", { month: dateText(midnight(`${month}-01`), language(), { month: "long" }) });
    return html`
      <section class="card expected-bill" aria-labelledby="bill-title" data-bill=${month}>
        <h2 id="bill-title">${title}</h2>
        ${mid === null ? html`<p class="note">${t("bill_unknown")}</p>` : html`
          <p class="figure"><b>${euro(mid)}</b> <span>${t("bill_between", { low: euro(low), high: euro(high) })}</span></p>
          ${bar(soFar, low, mid, high)}
          <p class="note">${t("bill_so_far", { amount: euro(soFar) })}. ${t(isFallback ? "bill_by_history" : "bill_by_forecast")}${isAssumed ? ` ${t("bill_assumed")}` : nothing}</p>`}
        ${unpriced.length ? html`<p class="note" data-unpriced>${t("bill_unpriced", { n: unpriced.length })}</p>` : nothing}
        <ul class="bill-parts">${bills.map((one) => html`
          <li class="u-${one.utility}"><span>${icon(one.utility)} ${named(one.name)}
              ${one.leavesOut.map((said) => html`<small>${t("cost_without", { what: named(said) })}</small>`)}</span>
            <span>${one.mid === null ? t("bill_unknown") : html`<b>${euro(one.mid)}</b> <small>${euro(one.low)} – ${euro(one.high)}</small>`}</span></li>`)}</ul>
      </section>`;
  }
}
customElements.define("iskar-expected-bill", ExpectedBill);

/** Why the bill isn't there. Nothing where it isn't for this reader, or where the whole page says that it is offline. */
function failed(error) {
  if (!error.status || error.status === 403 || error.status === 404) return nothing;
  return html`<section class="card expected-bill"><p class="note" role="status">${t("bill_failed")} ${problemText(error)}</p></section>`;
}

const euro = (amount) => euroText(amount, language());

/** So far as a solid bar, the range as a lighter one, the expected as a mark. */
function bar(soFar, low, mid, high) {
  const at = (amount) => (high > 0 ? amount / high * 100 : 0);
  return html`
    <svg class="bill-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width="100" height="8"/>
      ${svg`<rect class="bar-some" x=${at(low)} width=${Math.max(0.6, 100 - at(low))} height="8"/>
        <rect class="bar-full" width=${at(soFar)} height="8"/><rect class="bar-mark" x=${Math.max(0, at(mid) - 0.4)} width="0.8" height="8"/>`}
    </svg>`;
}
