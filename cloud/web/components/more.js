// SPDX-License-Identifier: EUPL-1.2
/** The end of a listing that comes page by page: that it loads, why it doesn't, or a button for more. */

import { html, nothing } from "lit";
import { t } from "../language.js";
import { problemText } from "../problem.js";

export function moreOf(pages, label) {
  if (pages.error) {
    return html`<p class="problem" role="alert">${problemText(pages.error)}
      <button class="quiet" @click=${() => pages.more()}>${t("retry")}</button></p>`;
  }
  if (!pages.items) return html`<p class="note" role="status">${t("loading")}</p>`;
  return pages.hasMore ? html`<button class="quiet more" ?disabled=${pages.isAsking} @click=${() => pages.more()}>${label}</button>` : nothing;
}
