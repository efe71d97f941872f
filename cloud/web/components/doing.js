// SPDX-License-Identifier: EUPL-1.2
/** What forms share that change something on the server: one thing at a time, and a word on how it went. */

import { html, nothing } from "lit";
import { t } from "../language.js";
import { problemText } from "../problem.js";
import { CancelledError, shownAnew } from "../step_up.js";
import "../words/account.js";
import { Element } from "./element.js";

export class Doing extends Element {
  /** @type {import("lit").PropertyDeclarations} */ // so that forms add their own
  static properties = { busy: { state: true }, problem: { state: true }, done: { state: true } };

  constructor() {
    super();
    this.busy = false;
    this.problem = null; // () => words
    this.done = null; // key of words
  }

  /**
   * Do `work`, asking who it is if need be; tells whether it is done. `own`: words for refusals' codes.
   * @param {() => any} work
   * @param {{own?: Record<string, string>, done?: string | null}} [how]
   */
  async doing(work, { own = {}, done = null } = {}) {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    this.busy = true;
    this.problem = null;
    this.done = null;
    try {
      await shownAnew(work);
      this.done = done;
      return true;
    } catch (error) {
      if (error instanceof DOMException) this.problem = () => t("passkey_failed");
      else if (!(error instanceof CancelledError)) this.problem = () => problemText(error, own);
      return false;
    } finally {
      this.busy = false;
      await this.updateComplete;
      if (document.activeElement === document.body) focused?.focus(); // a button that is disabled loses it
    }
  }

  told() {
    return html`
      <p class="problem" role="alert">${this.problem?.() ?? nothing}</p>
      <p class="done" role="status">${this.done ? t(this.done) : nothing}</p>`;
  }
}
