// SPDX-License-Identifier: EUPL-1.2
/** Where one is signed in, and an end to it. */

import { html, nothing } from "lit";
import { endOtherSessions, endSession, sessions } from "../account_api.js";
import { now } from "../clock.js";
import { deviceOf } from "../devices.js";
import { language, t } from "../language.js";
import { ageText } from "../units.js";
import "../words/account_page.js";
import { Asked } from "./asked.js";
import { Doing } from "./doing.js";
import "./sure.js";
import { unanswered } from "./unanswered.js";

export class AccountSessions extends Doing {
  #asked = new Asked(this, sessions);

  refresh() {
    this.#asked.refresh();
  }

  render() {
    const { content } = this.#asked;
    const others = content?.filter((one) => !one.is_this) ?? [];
    return html`
      <section class="card panel" aria-labelledby="sessions-title">
        <h2 id="sessions-title">${t("sessions")}</h2>
        <p class="note">${t("sessions_help")}</p>
        ${content ? html`<ul class="rows">${content.map((one) => this.#row(one))}</ul>` : unanswered(this.#asked)}
        ${others.length > 1 ? html`
          <iskar-sure data-end-others .words=${t("sessions_end_others")} .question=${t("sessions_end_others_sure")} ?busy=${this.busy}
            @sure=${() => this.#end(endOtherSessions, "sessions_ended")}></iskar-sure>` : nothing}
        ${this.told()}
      </section>`;
  }

  #row({ session_id: id, agent, address, seen_at: seen, is_this: isThis }) {
    const device = deviceOf(agent, t("device_unknown"));
    return html`
      <li data-session=${id}>
        <div><b>${device}</b><small>${isThis ? t("session_this") : t("session_seen", { age: ageText(Date.parse(seen), now(), language()) })} · ${address}</small></div>
        ${isThis ? nothing : html`
          <iskar-sure .words=${t("session_end")} .question=${t("session_end_sure")} .about=${device} ?busy=${this.busy}
            @sure=${() => this.#end(() => endSession(id), "session_ended_there")}></iskar-sure>`}
      </li>`;
  }

  async #end(ending, done) {
    await this.doing(ending, { done });
    this.#asked.refresh();
  }
}
customElements.define("iskar-account-sessions", AccountSessions);
