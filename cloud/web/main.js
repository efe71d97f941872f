// SPDX-License-Identifier: EUPL-1.2
/** The app: who is signed in, which view the address asks for, the frame around it. */

import { html, nothing } from "lit";
import { currentUser, session, signOut, UnreachableError } from "./api.js";
import { now } from "./clock.js";
import { Element } from "./components/element.js";
import { icon, mark } from "./components/icons.js";
import "./components/view.js";
import { problemText } from "./problem.js";
import { language, LANGUAGES, speak, t } from "./language.js";
import { keepUpToDate } from "./release.js";
import { sectionsOf } from "./routes.js";
import { forgetUser, recall, remember } from "./store.js";
import "./words/app.js";

const UNKNOWN = "unknown"; // not asked yet
class App extends Element {
  static properties = { user: { state: true }, notice: { state: true }, failure: { state: true }, hash: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.user = UNKNOWN; // or a user, or null for nobody
    this.notice = null;
    this.failure = null;
    this.hash = location.hash;
    addEventListener("hashchange", () => this.#navigate());
    session.addEventListener("ended", () => this.#leave("session_ended"));
  }

  connectedCallback() {
    super.connectedCallback();
    this.#begin();
  }

  async #begin() {
    this.failure = null;
    try {
      this.user = await currentUser();
      remember("user", this.user, now());
    } catch (error) {
      this.user = error.status === 401 ? null : recall("user")?.content ?? null;
      if (error.status !== 401 && !this.user) this.failure = problemText(error);
      if (error.status === 401) forgetUser();
    }
  }

  #navigate() {
    this.hash = location.hash;
    scrollTo(0, 0);
  }

  #enter(user) {
    this.user = user;
    this.notice = null;
    remember("user", user, now());
  }

  #leave(notice) {
    forgetUser();
    this.user = null;
    this.notice = notice;
    location.hash = "#/";
  }

  async #signOut() {
    this.failure = null;
    try {
      await signOut();
      this.#leave(null);
    } catch (error) {
      this.failure = error instanceof UnreachableError ? t("sign_out_offline") : problemText(error);
    }
  }

  render() {
    if (this.user === UNKNOWN) return nothing;
    return html`
      <a class="skip" href="#content" @click=${this.#skip}>${t("skip")}</a>
      ${this.#bar()}
      ${this.#isIn ? this.#sections() : nothing}
      ${this.failure ? html`<p class="problem page" role="alert">${this.failure}</p>` : nothing}
      <iskar-view .hash=${this.hash} .user=${this.user} .notice=${this.notice} @signed-in=${(event) => this.#enter(event.detail)}
        @set-up=${() => this.#begin()} @password-set=${() => this.#leave("password_set")}></iskar-view>`;
  }

  #bar() {
    return html`
      <header class="bar">
        <a class="brand" href="#/">${mark()}<b>${t("app_name")}</b></a>
        <div class="languages" role="group" aria-label=${t("language")}>
          ${LANGUAGES.map((code) => html`
            <button lang=${code} aria-pressed=${code === language()} @click=${() => speak(code)}>${code.toUpperCase()}</button>`)}
        </div>
        ${this.user ? html`
          <span class="who">${this.user.name}</span>
          <button class="quiet leave" aria-label=${t("sign_out")} title=${t("sign_out")} @click=${this.#signOut}>${icon("leave")}<span>${t("sign_out")}</span></button>` : nothing}
      </header>`;
  }

  get #isIn() {
    return Boolean(this.user) && !this.user.needsSecondFactor;
  }

  #sections() {
    const sections = sectionsOf(this.user);
    if (sections.length < 2) return nothing;
    return html`
      <nav class="sections" aria-label=${t("nav")}>
        ${sections.map(({ address, words, icon: name, own }) => html`
          <a href=${address} aria-current=${own.test(this.hash) ? "page" : nothing}>${icon(name)}<span>${t(words)}</span></a>`)}
      </nav>`;
  }

  #skip(event) {
    event.preventDefault(); // the address holds the view, so it can't hold the target
    const content = document.getElementById("content");
    content.tabIndex = -1;
    content.focus();
  }

  updated() {
    if (this.user !== UNKNOWN) document.getElementById("starting")?.remove();
    document.title = t("app_name");
  }
}
customElements.define("iskar-app", App);

keepUpToDate();
