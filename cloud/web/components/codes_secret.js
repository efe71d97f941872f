// SPDX-License-Identifier: EUPL-1.2
/** The secret of one-time codes, in each way an authenticator app takes it: a picture, a link, letters. */

import { html } from "lit";
import { t } from "../language.js";
import "../words/codes_secret.js";

/** What `beginCodes` resolves to. The picture stays black on white in the dark, too, for cameras. */
export const codesSecret = ({ secret, address, qr_code: { side, path } }) => html`
  <div class="codes-secret">
    <svg class="qr-code" viewBox="0 0 ${side} ${side}" role="img" aria-label=${t("codes_picture")}><path d=${path}/></svg>
    <div>
      <p>${t("codes_scan")}</p>
      <a class="button outlined" href=${address}>${t("codes_open_app")}</a>
      <p class="codes-or">${t("codes_or_type")}</p>
      <p class="secret" data-secret>${secret.match(/.{1,4}/g).join(" ")}</p>
    </div>
  </div>`;
