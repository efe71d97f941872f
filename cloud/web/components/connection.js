// SPDX-License-Identifier: EUPL-1.2
/** Whether what is shown is live: a chip that says so in a word. */

import { html } from "lit";
import { t } from "../language.js";

export const connectionChip = (state) => html`
  <span class="chip chip-${state}" role="status" data-connection=${state}><i aria-hidden="true"></i>${t(state)}</span>`;
