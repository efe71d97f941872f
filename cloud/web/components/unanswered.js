// SPDX-License-Identifier: EUPL-1.2
/** What stands where something asked of the server isn't there: that it comes, or why not. */

import { html } from "lit";
import { t } from "../language.js";
import { problemText } from "../problem.js";

export const unanswered = ({ error, refresh }) => (error
  ? html`<p class="problem" role="alert">${problemText(error)} <button type="button" class="quiet outlined" @click=${refresh}>${t("retry")}</button></p>`
  : html`<p class="note" role="status">${t("loading")}</p>`);
