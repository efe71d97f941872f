// SPDX-License-Identifier: EUPL-1.2
/** Secrets that are shown this once: to copy, to print, to say that one has them. */

import { html, nothing } from "lit";
import { t } from "../language.js";
import "../words/account.js";
import "../words/account_page.js";
import { Element } from "./element.js";

export class Once extends Element {
  static properties = { secrets: {}, words: {}, isCopied: { state: true } };

  constructor() {
    super();
    this.secrets = [];
    this.words = ""; // key of what they are
    this.isCopied = false;
  }

  firstUpdated() {
    this.querySelector("h4").focus();
  }

  render() {
    return html`
      <div class="once">
        <h4 tabindex="-1">${t(this.words)}</h4>
        <ul class="recovery-codes">${this.secrets.map((secret) => html`<li>${secret}</li>`)}</ul>
        <p class="row">
          ${navigator.clipboard ? html`<button type="button" class="quiet outlined" data-copy @click=${this.#copy}>${t("account_copy")}</button>` : nothing}
          <button type="button" class="quiet outlined" data-print @click=${() => print()}>${t("account_print")}</button>
          <button type="button" class="primary" data-kept @click=${() => this.dispatchEvent(new CustomEvent("kept"))}>${t("written_down")}</button>
        </p>
        <p class="done" role="status">${this.isCopied ? t("account_copied") : nothing}</p>
      </div>`;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.secrets.join("\n"));
      this.isCopied = true;
    } catch (error) {
      console.info("Nothing was copied:", error.message); // forbidden here; one can still write them down
    }
  }
}
customElements.define("iskar-once", Once);
