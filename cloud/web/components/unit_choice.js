// SPDX-License-Identifier: EUPL-1.2
/** The choice of units for one utility: a few buttons, nothing where there is nothing to choose. */

import { html, nothing } from "lit";
import { language, t } from "../language.js";
import { AUTOMATIC, chooseUnit, chosenUnit, UNIT_CHOICES } from "../unit_choice.js";
import { symbol } from "../units.js";
import "../words/units.js";
import { Element } from "./element.js";

export class UnitChoice extends Element {
  static properties = { utility: {} };

  constructor() {
    super();
    this.utility = "";
  }

  render() {
    const units = UNIT_CHOICES[this.utility];
    if (!units) return nothing;
    return html`
      <div class="unit-choice" role="group" aria-label=${t("unit_choice", { utility: t(this.utility) })}>
        ${units.map((unit) => html`
          <button data-unit=${unit} aria-pressed=${unit === chosenUnit(this.utility)} @click=${() => chooseUnit(this.utility, unit)}>
            ${unit === AUTOMATIC ? t("unit_auto") : symbol(unit, language())}</button>`)}
      </div>`;
  }
}
customElements.define("iskar-unit-choice", UnitChoice);
