// SPDX-License-Identifier: EUPL-1.2
/** How the app speaks and looks on this phone. */

import { html } from "lit";
import { language, LANGUAGES, speak, t } from "../language.js";
import { paint, theme, THEMES } from "../theme.js";
import "../words/account_page.js";
import { Element } from "./element.js";

const NAMES = { bg: "Български", en: "English" };

export class AccountLooks extends Element {
  render() {
    return html`
      <section class="card panel" aria-labelledby="looks-title">
        <h2 id="looks-title">${t("account_looks")}</h2>
        <p class="note">${t("account_looks_help")}</p>
        ${choice("account-language", t("language"), LANGUAGES, language(), (code) => NAMES[code], speak)}
        ${choice("account-theme", t("account_theme"), THEMES, theme(), (one) => t(`theme_${one}`), (one) => this.#paint(one))}
      </section>`;
  }

  #paint(chosen) {
    paint(chosen);
    this.requestUpdate();
  }
}
customElements.define("iskar-account-looks", AccountLooks);

const choice = (name, title, values, chosen, words, choose) => html`
  <fieldset class="choice">
    <legend>${title}</legend>
    ${values.map((one) => html`
      <label><input type="radio" name=${name} value=${one} .checked=${one === chosen} @change=${() => choose(one)}><span>${words(one)}</span></label>`)}
  </fieldset>`;
