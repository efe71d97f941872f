// SPDX-License-Identifier: EUPL-1.2
/** A building's name over each of its views, at the same place in all of them. */

import { html, nothing } from "lit";
import { kindOf } from "../kinds.js";
import { named, t } from "../language.js";
import { recall } from "../store.js";
import { icon } from "./icons.js";

/**
 * Draw the header; `part` are the words of the view's tab, for screen readers: others see which tab is chosen.
 * While the building is `awaited`, by its id, it is shown as the phone knows it, so that nothing jumps.
 * @param {any} building
 * @param {string} [part]
 * @param {string | null} [awaited]
 */
export function buildingHeader(building, part, awaited = null) {
  const shown = building ?? (awaited && recall(`premises/${awaited}`)?.content.building);
  if (!shown) return part ? html`<h1 class="visually-hidden">${t(part)}</h1>` : nothing;
  const { name, kind, address } = shown;
  return html`
    <header class="building-header">
      <span class="building-icon">${icon(kindOf(kind))}</span>
      <div><h1>${named(name)}${part ? html`<span class="visually-hidden">: ${t(part)}</span>` : nothing}</h1><p>${t(kindOf(kind))} · ${named(address)}</p></div>
    </header>`;
}
