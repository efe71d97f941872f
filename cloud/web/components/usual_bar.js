// SPDX-License-Identifier: EUPL-1.2
/** Today against a usual day: a sentence, and a bar that shows the same. */

import { html, svg } from "lit";
import { hourText } from "../calendar.js";
import { language, t } from "../language.js";
import { amountText } from "../units.js";

/** Where an amount lies in a range: the key's end of the words for it. */
export const placeIn = (amount, low, high) => (amount > high ? "more" : amount < low ? "less" : "same");

/** The sentence of one utility today, or why there is none. */
export function usualText({ amount, unit, until, usual, reason, missingHours }) {
  if (!usual) return t(`usual_${reason}`, { n: missingHours });
  const words = (one) => amountText(one, unit, language());
  const line = t("usual_line", { hour: Number(hourText(until).slice(0, 2)), amount: words(amount), usual: words(usual.median) });
  return `${line} – ${t(`usual_${placeIn(amount, usual.low, usual.high)}`)}.`;
}

/** A bar of `amount`, a band from `low` to `high` and a mark at `middle`; the sentence beside it says the same. */
export function rangeBar(amount, low, middle, high) {
  const most = Math.max(amount, high) * 1.04;
  const at = (one) => (most > 0 ? Math.max(0, one) / most * 100 : 0);
  return html`
    <svg class="usual-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" y="2" width="100" height="6"/>
      ${svg`<rect class="usual-band" x=${at(low)} width=${Math.max(0.8, at(high) - at(low))} height="10"/>
        <rect class="bar-full" y="3" width=${at(amount)} height="4"/><rect class="bar-mark" x=${Math.max(0, at(middle) - 0.4)} width="0.8" height="10"/>`}
    </svg>`;
}
