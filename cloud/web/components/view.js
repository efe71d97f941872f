// SPDX-License-Identifier: EUPL-1.2
/** The view an address asks for, loaded when it is first shown; until then the former one stays. */

import { html, nothing } from "lit";
import { moveToNewest } from "../release.js";
import { routeOf } from "../routes.js";
import { t } from "../language.js";
import { Element } from "./element.js";

export class View extends Element {
  static properties = { hash: {}, user: {}, notice: {}, shown: { state: true }, hasFailed: { state: true } };

  #wanted = null;

  constructor() {
    super();
    this.hash = "";
    this.user = null; // null: nobody is signed in
    this.notice = null; // what the sign-in says first
    this.shown = null; // {route, parts} as loaded
    this.hasFailed = false;
    this.isTyped = false; // in the forms of the view: worth keeping over a sign-in
  }

  willUpdate(changed) {
    if (changed.has("hash") || changed.has("user")) this.#go(routeOf(this.hash, this.user));
  }

  async #go(wanted) {
    this.#wanted = wanted;
    try {
      await wanted.route.load();
      if (this.#wanted !== wanted) return; // another address was asked for meanwhile
      this.hasFailed = false;
      this.shown = wanted;
    } catch (error) {
      console.info("The view could not be loaded:", error.message);
      // a release that the server no longer has can't give its views: the newer one can
      if (this.#wanted === wanted && !(await moveToNewest())) this.hasFailed = this.#wanted === wanted;
    }
  }

  render() {
    if (this.hasFailed) {
      // the browser remembers a module that failed, so only a new page asks for it again
      return html`<main id="content" class="page"><p class="problem card" role="alert">${t("view_failed")}
        <button class="primary" @click=${() => location.reload()}>${t("retry")}</button></p></main>`;
    }
    return this.shown ? this.shown.route.show(this.shown.parts, this) : nothing;
  }
}
customElements.define("iskar-view", View);
