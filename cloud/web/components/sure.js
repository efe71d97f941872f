// SPDX-License-Identifier: EUPL-1.2
/** A button whose doing can't be taken back: it asks first, in its own place. Sends "sure". */

import { html } from "lit";
import { t } from "../language.js";
import "../words/sure.js";
import { Element } from "./element.js";

export class Sure extends Element {
  #isSaid = false;

  static properties = { words: {}, question: {}, about: {}, busy: { type: Boolean }, isAsking: { state: true } };

  constructor() {
    super();
    this.words = ""; // on the button
    this.question = "";
    this.about = ""; // what it is about, for those who don't see the row it stands in
    this.busy = false;
    this.isAsking = false;
  }

  render() {
    if (!this.isAsking) {
      return html`<button type="button" class="quiet outlined" ?disabled=${this.busy} aria-label=${this.about ? `${this.words}: ${this.about}` : this.words}
        @click=${() => this.#ask(true)}>${this.words}</button>`;
    }
    return html`
      <span class="sure" role="group" aria-label=${this.question} @keydown=${this.#escape}>
        <span>${this.question}</span>
        <button type="button" class="danger" data-yes @click=${this.#say}>${t("sure_yes")}</button>
        <button type="button" class="quiet outlined" data-no @click=${() => this.#ask(false)}>${t("sure_no")}</button>
      </span>`;
  }

  updated(changed) {
    const isOver = this.#isSaid && changed.has("busy") && !this.busy;
    if (!isOver) return;
    this.#isSaid = false;
    if (document.activeElement === document.body) this.querySelector("button").focus(); // disabled, it lost it
  }

  async #ask(isAsking) {
    this.isAsking = isAsking;
    await this.updateComplete;
    this.querySelector(isAsking ? "[data-no]" : "button").focus();
  }

  #escape(event) {
    if (event.key === "Escape") this.#ask(false);
  }

  #say() {
    this.#isSaid = true;
    this.#ask(false);
    this.dispatchEvent(new CustomEvent("sure"));
  }
}
customElements.define("iskar-sure", Sure);
