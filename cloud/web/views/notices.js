// SPDX-License-Identifier: EUPL-1.2
/** What reaches me: of which alerts I am told, and how; more of it, or less. */

import { html, nothing } from "lit";
import { allPremises, UnreachableError } from "../api.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import "../components/notice_form.js";
import { language, named, t } from "../language.js";
import { deleteSubscription, subscriptions } from "../notices_api.js";
import { problemText } from "../problem.js";
import "../words/alert_pages.js";
import "../words/notices.js";
import "../words/rules.js";

export class Notices extends Element {
  static properties = {
    items: { state: true }, buildings: { state: true }, error: { state: true }, stopping: { state: true }, did: { state: true }, failure: { state: true },
  };

  constructor() {
    super();
    this.items = null;
    this.buildings = [];
    this.error = null;
    this.stopping = null; // the id of what is being stopped
    this.did = null; // key of what was done last
    this.failure = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#fetch();
  }

  async #fetch() {
    this.error = null;
    try {
      [this.items, this.buildings] = await Promise.all([subscriptions(), allPremises()]);
    } catch (error) {
      this.error = error;
    }
  }

  render() {
    return html`
      <main id="content" class="page notices">
        <a class="back" href="#/alerts">${icon("left")}${t("alertpage_back")}</a>
        <h1>${t("notices_title")}</h1>
        <p class="lead">${t("notices_lead")}</p>
        ${this.#content()}
      </main>`;
  }

  #content() {
    if (this.error) {
      return html`<p class="problem card" role="alert">${problemText(this.error)}
        <button class="primary" @click=${() => this.#fetch()}>${t("retry")}</button></p>`;
    }
    if (!this.items) return html`<p class="empty" role="status">${t("loading")}</p>`;
    return html`
      <div class="notice-columns">
        <section aria-labelledby="notices-mine">
          <h2 id="notices-mine">${t("notices_mine")}</h2>
          <p role="status" tabindex="-1" class="alert-did">${this.did ? t(this.did) : nothing}</p>
          ${this.failure ? html`<p class="problem" role="alert">${this.failure()}</p>` : nothing}
          ${this.items.length ? html`<ul class="notice-list">${this.items.map((one) => this.#item(one))}</ul>` : html`<p class="card notices-none note">${t("notices_none")}</p>`}
        </section>
        <iskar-notice-form .buildings=${this.buildings} @saved=${this.#saved}></iskar-notice-form>
      </div>`;
  }

  #item(one) {
    const what = t(`notices_by_${one.channel}`);
    return html`
      <li class="card notice" data-subscription=${one.subscription_id} data-channel=${one.channel}>
        <div><h3>${what}</h3><p>${this.#about(one).join(" · ")}</p>
          ${one.ended_at ? html`<p class="problem">${t("notices_ended")} <small lang="en">${one.ended_because ?? nothing}</small></p>` : nothing}</div>
        <button class="quiet bordered" aria-label=${t("notices_stop_of", { what })} aria-disabled=${this.stopping ? "true" : nothing} @click=${() => this.#stop(one.subscription_id)}>${t("notices_stop")}</button>
      </li>`;
  }

  #about({ premises_id, utilities, severities, kinds, quiet }) {
    const building = this.buildings.find((one) => one.premises_id === premises_id);
    const level = !severities.length || severities.includes("notice") ? "all" : severities.includes("warning") ? "warning" : "critical";
    const names = new Intl.ListFormat(language(), { type: "conjunction" });
    return [
      premises_id === null ? t("notices_everywhere") : building ? named(building.name) : t("notices_elsewhere"),
      utilities.length ? names.format(utilities.map((utility) => t(utility).toLocaleLowerCase(language()))) : t("notices_all_utilities"),
      t(`notices_severity_${level}`),
      kinds.length && t("notices_kinds", { kinds: names.format(kinds.map((kind) => t(`rulename_${kind}`))) }),
      quiet && t("notices_quiet_shown", { from: hourOf(quiet.from_minute), to: hourOf(quiet.to_minute) }),
    ].filter(Boolean);
  }

  #saved({ detail }) {
    this.items = [...this.items.filter((one) => one.subscription_id !== detail.subscription_id), detail];
    this.#tell("notices_saved");
  }

  async #stop(id) {
    if (this.stopping) return;
    this.stopping = id;
    this.failure = null;
    this.did = null;
    try {
      await deleteSubscription(id);
      this.#forget(id);
    } catch (error) {
      if (error.status === 404) this.#forget(id); // an earlier attempt got through, or a letter's link did
      else this.failure = () => (error instanceof UnreachableError ? t("notices_lost") : t("notices_failed", { reason: problemText(error) }));
    }
    this.stopping = null;
  }

  #forget(id) {
    this.items = this.items.filter((one) => one.subscription_id !== id);
    this.#tell("notices_stopped");
  }

  async #tell(key) {
    this.did = key;
    this.failure = null;
    await this.updateComplete;
    this.querySelector(".alert-did").focus();
  }
}
customElements.define("iskar-notices", Notices);

const hourOf = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
