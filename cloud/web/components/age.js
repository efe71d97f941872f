// SPDX-License-Identifier: EUPL-1.2
/** How old something is, kept true every second. */

import { now, Ticker } from "../clock.js";
import { language, t } from "../language.js";
import { ageText } from "../units.js";
import { Element } from "./element.js";

export class Age extends Element {
  static properties = { at: {}, words: {}, fields: {} };

  constructor() {
    super();
    this.at = null; // instant in ms
    this.words = "read"; // key of the words around {age}
    this.fields = {}; // what else these words name
    new Ticker(this, 1000);
  }

  render() {
    return t(this.words, { ...this.fields, age: ageText(this.at, now(), language()) });
  }
}
customElements.define("iskar-age", Age);
