// SPDX-License-Identifier: EUPL-1.2
/** A building's people: whom it is shared with, one more, and who looked at it. */

import { html, nothing } from "lit";
import { endShare, sharesOf } from "../account_api.js";
import { premises } from "../api.js";
import { dateText } from "../calendar.js";
import "../components/age.js";
import { Asked } from "../components/asked.js";
import { buildingHeader } from "../components/building_header.js";
import { buildingTabs } from "../components/building_tabs.js";
import { Doing } from "../components/doing.js";
import { icon } from "../components/icons.js";
import { namesOf } from "../components/looks.js";
import "../components/share_form.js";
import "../components/sure.js";
import { unanswered } from "../components/unanswered.js";
import { language, t } from "../language.js";
import { mayShare } from "../who.js";
import "../words/people.js";

const DAY = { day: "numeric", month: "long", year: "numeric" };

export class People extends Doing {
  static properties = { premisesId: {}, user: {} };

  #asked = new Asked(this); // of {building, shares}

  constructor() {
    super();
    this.premisesId = "";
    this.user = null;
  }

  willUpdate(changed) {
    if (!changed.has("premisesId")) return;
    const id = this.premisesId;
    this.#asked.turnTo(async () => {
      const building = await premises(id);
      return { building, shares: mayShare(this.user, id) ? await sharesOf(id) : null };
    }, `people/${id}`);
  }

  render() {
    const { content, keptSince } = this.#asked;
    return html`
      <main id="content" class="page account">
        <a class="back" href="#/">${icon("left")}${t("back")}</a>
        ${buildingHeader(content?.building, "tab_people", this.#asked.error ? null : this.premisesId)}
        ${buildingTabs(this.premisesId, "people")}
        ${keptSince ? html`<p class="banner-offline" role="status"><iskar-age .at=${keptSince} .words=${"kept_since"}></iskar-age></p>` : nothing}
        ${content ? this.#content(content) : unanswered(this.#asked)}
      </main>`;
  }

  #content({ building, shares }) {
    if (!shares) {
      return html`
        <section class="card panel">
          <h2>${t("people_not_yours")}</h2>
          <p>${t("people_not_yours_why")}</p>
          <a class="onward" href="#/account/data">${t("people_see_looks")}${icon("right")}</a>
        </section>`;
    }
    return html`
      <div class="panels">
        <div>
          <section class="card panel" aria-labelledby="people-title">
            <h2 id="people-title">${t("people")}</h2>
            ${shares.length ? html`<ul class="rows">${shares.map((one) => this.#row(one, building))}</ul>` : html`<p class="note">${t("people_nobody")}</p>`}
            ${this.told()}
          </section>
          <iskar-share-form .premisesId=${this.premisesId} .points=${building.service_points} @shared=${() => this.#asked.refresh()}></iskar-share-form>
        </div>
        <div><iskar-looks .premisesId=${this.premisesId} .names=${namesOf([building])}></iskar-looks></div>
      </div>`;
  }

  #row({ share_id: id, email, name, kind, service_point_ids: points, since }, building) {
    const names = namesOf([building]);
    return html`
      <li data-share=${id}>
        <div><b>${name}</b> <small>${t(`share_${kind}`)} · ${email}</small>
          <small>${points ? points.map((one) => names.get(one) ?? one).join(", ") : t("share_all")}
            · ${since ? t("people_since", { day: dateText(Date.parse(since), language(), DAY) }) : t("share_since_ever")}</small></div>
        <iskar-sure .words=${t("people_end")} .question=${t("people_end_sure", { name })} .about=${name} ?busy=${this.busy} @sure=${() => this.#end(id)}></iskar-sure>
      </li>`;
  }

  async #end(id) {
    await this.doing(() => endShare(this.premisesId, id), { done: "people_ended" });
    this.#asked.refresh();
  }
}
customElements.define("iskar-people", People);
