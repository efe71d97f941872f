// SPDX-License-Identifier: EUPL-1.2
/** What use cost, in words that promise no more than is known. */

import { language, t } from "./language.js";
import { euroText } from "./units.js";

/** "about 12.34 € with VAT, at the prices for homes"; null where no price is known. */
export function costWords(cost) {
  if (!cost || cost.total_eur === null) return null;
  const amount = euroText(Number(cost.total_eur), language()); // exact on the wire; here it is only shown
  const parts = [t(sureness(cost), { amount })];
  if (cost.is_assumed) parts.push(t("cost_assumed"));
  for (const said of cost.leaves_out) parts.push(t("cost_without", { what: said[language()] }));
  return parts.join("; ");
}

function sureness(cost) {
  if (cost.leaves_out.length) return "cost_at_least";
  return cost.is_complete && cost.is_final && !cost.is_estimated && !cost.is_assumed ? "cost_sure" : "cost_about";
}
