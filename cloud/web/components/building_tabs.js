// SPDX-License-Identifier: EUPL-1.2
/** The tabs of one building: links, so that each view has an address of its own. */

import { html, nothing } from "lit";
import { t } from "../language.js";
import { TABS } from "../routes.js";
import { who } from "../who.js";

/**
 * Draw the tabs of a building; `part` is that of the view shown, null for one that no tab leads to.
 * @param {string} premisesId
 * @param {string | null} [part]
 */
export function buildingTabs(premisesId, part = "") {
  return html`
    <nav class="building-tabs" aria-label=${t("tabs")}>
      ${TABS.filter(({ isFor }) => isFor?.(who(), premisesId) ?? true).map((tab) => html`
        <a href="#/premises/${encodeURIComponent(premisesId)}${tab.part && `/${tab.part}`}"
          aria-current=${tab.part === part ? "page" : nothing}>${t(tab.words)}</a>`)}
    </nav>`;
}
