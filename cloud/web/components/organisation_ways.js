// SPDX-License-Identifier: EUPL-1.2
/** The ways in for people of organisations, which have their own sign-in. Without any, nothing is shown. */

import { html, nothing } from "lit";
import { organisations, organisationSignIn } from "../account_api.js";
import { RefusedError, UnreachableError } from "../api.js";
import { t } from "../language.js";
import "../words/organisations.js";
import { Element } from "./element.js";

export class OrganisationWays extends Element {
  static properties = { ways: { state: true } };

  constructor() {
    super();
    this.ways = [];
  }

  async firstUpdated() {
    try {
      this.ways = await organisations();
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
      console.info("The organisations are not there now:", error.message); // there is the form
    }
  }

  render() {
    if (!this.ways.length) return nothing;
    return html`
      <section class="elsewhere" aria-labelledby="elsewhere-title">
        <h2 id="elsewhere-title">${t("organisations_yours")}</h2>
        ${this.ways.map((one) => html`
          <a class="button outlined wide" data-organisation=${one.organisation_id} href=${organisationSignIn(one)}>
            ${t("organisation_in", { name: one.name })}</a>`)}
      </section>`;
  }
}
customElements.define("iskar-organisation-ways", OrganisationWays);
