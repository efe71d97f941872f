// SPDX-License-Identifier: EUPL-1.2
/** What all our elements share: the page's own styles apply inside, and a new language redraws. */

import { LitElement } from "lit";
import { onLanguage } from "../language.js";

export class Element extends LitElement {
  #forgetLanguage;

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#forgetLanguage = onLanguage(() => this.requestUpdate());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#forgetLanguage();
  }
}
