// SPDX-License-Identifier: EUPL-1.2
/** What all our elements share: the page's own styles apply inside, and a new language or unit redraws. */

import { LitElement } from "lit";
import { onLanguage } from "../language.js";
import { onUnits } from "../unit_choice.js";

let turn = Promise.resolve(); // the end of the queue of those that wait for theirs

/** Resolve in a task of its own: the browser paints, and hears the finger, in between. */
function ownTurn() {
  turn = turn.then(() => new Promise((resolve) => setTimeout(resolve)));
  return turn;
}

export class Element extends LitElement {
  /** True where the first update can wait until what stands above it is painted. */
  static isLater = false;

  #forget = [];

  createRenderRoot() {
    return this;
  }

  async scheduleUpdate() {
    if (!this.hasUpdated && /** @type {typeof Element} */ (this.constructor).isLater) await ownTurn();
    return super.scheduleUpdate();
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
