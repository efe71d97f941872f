// SPDX-License-Identifier: EUPL-1.2
/** One's account: who one is, how the app looks, how one signs in, where one is signed in. */

import { html, nothing } from "lit";
import "../components/account_codes.js";
import "../components/account_looks.js";
import "../components/account_passkeys.js";
import "../components/account_password.js";
import "../components/account_sessions.js";
import "../components/account_tokens.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import { t } from "../language.js";
import { scopesOf } from "../token_scopes.js";
import "../words/account_page.js";

const PLANNERS = ["utility", "municipality", "operator"]; // no alerts are theirs to follow
const ROLES = ["owner", "tenant", "utility", "technician", "municipality", "operator"];

export class Account extends Element {
  static properties = { user: {} };

  constructor() {
    super();
    this.user = null;
  }

  render() {
    const { name, email, role } = this.user;
    return html`
      <main id="content" class="page account">
        <h1>${t("nav_account")}</h1>
        <div class="panels" @factors-changed=${(event) => this.querySelector("iskar-account-codes").refresh(event.detail)}
          @sessions-changed=${() => this.querySelector("iskar-account-sessions").refresh()}>
          <div>
            <section class="card panel" aria-labelledby="me-title">
              <h2 id="me-title">${name}</h2>
              <p>${email}</p>
              ${ROLES.includes(role) ? html`<p class="note">${t(`role_${role}`)}</p>` : nothing}
              ${PLANNERS.includes(role) ? nothing : html`<a class="onward" href="#/notices">${t("account_notices")}${icon("right")}</a>`}
              <a class="onward" href="#/account/data">${t("account_my_data")}${icon("right")}</a>
            </section>
            <iskar-account-looks></iskar-account-looks>
            <iskar-account-sessions></iskar-account-sessions>
          </div>
          <div>
            <iskar-account-password></iskar-account-password>
            <iskar-account-passkeys></iskar-account-passkeys>
            <iskar-account-codes></iskar-account-codes>
            ${scopesOf(role).length ? html`<iskar-account-tokens .role=${role}></iskar-account-tokens>` : nothing}
          </div>
        </div>
      </main>`;
  }
}
customElements.define("iskar-account", Account);
