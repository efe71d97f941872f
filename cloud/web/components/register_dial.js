// SPDX-License-Identifier: EUPL-1.2
/** A register drawn like the window of a meter: whole units in white, decimals in red. */

import { html } from "lit";
import { language, t } from "../language.js";
import { dial, symbol } from "../units.js";
import { Element } from "./element.js";

const ROLL = [{ transform: "translateY(45%)", opacity: 0.2 }, { transform: "none", opacity: 1 }];

export class RegisterDial extends Element {
  static properties = { register: {}, unit: {} };

  /** @type {(string | null)[]} */
  #shown = [];

  constructor() {
    super();
    this.register = null;
    this.unit = "";
  }

  render() {
    const { whole, fraction, unit } = dial(this.register, this.unit);
    const written = symbol(unit, language());
    const comma = language() === "bg" ? "," : ".";
    const label = this.register === null
      ? t("register_unknown")
      : t("register_label", { figure: fraction ? `${+whole}${comma}${fraction}` : String(+whole), unit: written });
    return html`
      <span class="dial ${this.register === null ? "dial-unknown" : ""}" role="img" aria-label=${label}
        data-register=${this.register ?? ""}>
        <span class="dial-window" aria-hidden="true">
          ${[...whole].map((digit) => html`<span class="digit"><b>${digit}</b></span>`)}
          ${fraction ? html`<span class="dial-comma">${comma}</span>` : ""}
          ${[...fraction].map((digit) => html`<span class="digit digit-red"><b>${digit}</b></span>`)}
        </span>
        <span class="dial-unit" aria-hidden="true">${written}</span>
      </span>`;
  }

  updated() {
    const digits = [...this.querySelectorAll(".digit b")];
    const text = digits.map((digit) => digit.textContent);
    const isSameLength = this.#shown.length === text.length;
    if (isSameLength && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      digits.forEach((digit, place) => {
        if (text[place] !== this.#shown[place]) digit.animate(ROLL, { duration: 280, easing: "ease-out" });
      });
    }
    this.#shown = text;
  }
}
customElements.define("iskar-dial", RegisterDial);
