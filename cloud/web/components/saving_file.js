// SPDX-License-Identifier: EUPL-1.2
/** Saving a file of the cloud's: an ordinary link that says in the page how it went, also when it fails. */

import { html, nothing } from "lit";
import { t } from "../language.js";
import { fetchFile } from "../papers_api.js";
import { problemText } from "../problem.js";
import { icon } from "./icons.js";

/** A controller: the host draws `link(...)`; one file at a time. */
export class SavingFile {
  #host;
  isBusy = false;
  said = "";
  problem = "";

  constructor(host) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected() {}

  /** The link to `address`; `refusal` says in words what the cloud refuses by its code. */
  link(address, words, { isOff = false, refusal = {} } = {}) {
    return html`
      <div class="saving-file">
        <a class="file-link" href=${address} download aria-disabled=${isOff || this.isBusy ? "true" : nothing}
          @click=${(event) => this.#save(event, address, isOff, refusal)}>${icon("down")}${this.isBusy ? t("papers_making") : words}</a>
        <p role="status">${this.problem ? html`<span class="problem">${this.problem}</span>` : this.said}</p>
      </div>`;
  }

  async #save(event, address, isOff, refusal) {
    event.preventDefault(); // a refusal would open as a page of its own
    if (isOff || this.isBusy) return;
    this.#show({ isBusy: true, said: "", problem: "" });
    try {
      const { blob, name } = await fetchFile(address);
      hand(blob, name);
      this.#show({ isBusy: false, said: t("papers_saved", { name }) });
    } catch (error) {
      const known = refusal[error.code] ?? (error.code === "press-busy" ? t("papers_busy") : null);
      this.#show({ isBusy: false, problem: known ?? problemText(error) });
    }
  }

  #show(state) {
    Object.assign(this, state);
    this.#host.requestUpdate();
  }
}

/** Hand a file to the browser, as a link with `download` does. */
function hand(blob, name) {
  const address = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
