// SPDX-License-Identifier: EUPL-1.2
/** What all our elements share: the page's own styles apply inside, and a new language or unit redraws. */

import { LitElement } from "lit";
import { onLanguage } from "../language.js";
import { onUnits } from "../unit_choice.js";

export class Element extends LitElement {
  #forget = [];

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    const redraw = () => this.requestUpdate();
    this.#forget = [onLanguage(redraw), onUnits(redraw)];
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#forget.forEach((forget) => forget());
  }
}
