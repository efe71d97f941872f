// SPDX-License-Identifier: EUPL-1.2
/** The app: who is signed in, which view the address asks for, the frame around it. */

import { html, nothing } from "lit";
import { currentUser, giveUp, session, signOut, UnreachableError } from "./api.js";
import { now } from "./clock.js";
import { Element } from "./components/element.js";
import { icon, mark } from "./components/icons.js";
import "./components/view.js";
import { problemText } from "./problem.js";
import { language, LANGUAGES, speak, t } from "./language.js";
import { keepUpToDate } from "./release.js";
import { loadAhead, sectionsOf } from "./routes.js";
import { forgetUser, recall, remember } from "./store.js";
import "./theme.js";
import { nowIs } from "./who.js";
import "./words/account.js";
import "./words/app.js";

const UNKNOWN = "unknown"; // not asked yet
const ASK_AGAIN_MS = 5000;
const ERASED = "?erased"; // where a page begins anew whose account is gone
const REFUSED = { "identity-refused": "refused_identity", "sign-in-lost": "refused_lost", "identity-provider-unavailable": "refused_provider" };

class App extends Element {
  static properties = { user: { state: true }, notice: { state: true }, failure: { state: true }, hash: { state: true } };

  #view = document.createElement("iskar-view"); // an element of its own, to be set aside
  /** @type {{view: import("./components/view.js").View, email: string} | null} */
  #setAside = null; // {view, email} of somebody whose session ended while they were typing

  constructor() {
    super();
    /** @type {any} */
    this.user = UNKNOWN; // or a user, or null for nobody
    this.notice = null;
    this.failure = null;
    const refused = new URLSearchParams(location.search).get("refused"); // back from an organisation's sign-in
    if (refused) this.notice = REFUSED[refused] ?? "refused_other";
    if (location.search === ERASED) this.notice = "account_erased";
    if (this.notice) history.replaceState(null, "", "/#/");
    this.hash = location.hash;
    addEventListener("hashchange", () => this.#navigate());
    session.addEventListener("ended", () => this.#expire());
    this.addEventListener("signed-in", (event) => this.#enter(event.detail));
    this.addEventListener("set-up", () => this.#begin());
    this.addEventListener("password-set", () => this.#leave("password_set"));
    this.addEventListener("input", ({ target }) => { this.#view.isTyped ||= /** @type {HTMLInputElement} */ (target).type !== "password"; });
  }

  connectedCallback() {
    super.connectedCallback();
    loadAhead(this.hash, recall("user")?.content);
    this.#begin();
  }

  async #begin() {
    const before = this.user;
    try {
      const user = await currentUser();
      if (this.user !== before) return; // somebody has signed in meanwhile
      this.user = user;
      this.failure = this.notice && t(this.notice); // who only meant to show once more who it is
      this.notice = null;
      remember("user", this.user, now());
    } catch (error) {
      if (this.user !== before) return;
      const known = recall("user")?.content ?? null;
      if (error.status === 401) {
        this.failure = null;
        this.user = null;
        if (known) this.notice ??= "session_ended";
        forgetUser();
      } else {
        this.user = known;
        if (!known) this.#beginAgain(error);
      }
    }
  }

  /** The server is away, and who we are is known to it alone: ask until it is back or somebody signs in. */
  #beginAgain(error) {
    this.failure = problemText(error);
    setTimeout(() => {
      if (!this.user) this.#begin();
    }, ASK_AGAIN_MS);
  }

  #navigate() {
    this.hash = location.hash;
    this.#view.isTyped = false;
    scrollTo(0, 0);
  }

  #enter(user) {
    this.user = user;
    this.notice = null;
    this.failure = null;
    remember("user", user, now());
    if (this.#setAside && this.#setAside.email === user.email) this.#view = this.#setAside.view;
    else if (this.#setAside) location.hash = "#/"; // somebody else: not their address either
    this.#setAside = null;
  }

  #leave(notice) {
    giveUp();
    forgetUser();
    this.user = null;
    this.notice = notice;
    this.#setAside = null;
    this.#view = document.createElement("iskar-view");
    location.hash = "#/";
  }

  /** The server knows us no more: ask who it is, and go on at the same address with what was typed. */
  #expire() {
    if (!this.user || this.user === UNKNOWN) return;
    /** @type {NodeListOf<HTMLInputElement>} */
    const secrets = this.#view.querySelectorAll("input[type=password]");
    for (const secret of secrets) secret.value = "";
    this.#setAside = { view: this.#view.isTyped ? this.#view : document.createElement("iskar-view"), email: this.user.email };
    this.#view = document.createElement("iskar-view");
    giveUp();
    forgetUser();
    this.user = null;
    this.notice = "session_ended";
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
      ${this.#view}`;
  }

  willUpdate() {
    if (this.user === UNKNOWN) return;
    nowIs(this.user);
    Object.assign(this.#view, { hash: this.hash, user: this.user, notice: this.notice });
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
