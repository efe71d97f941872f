// SPDX-License-Identifier: EUPL-1.2
/** The rules that watch a building, meter by meter. */

import { html, nothing } from "lit";
import { premises } from "../api.js";
import { buildingHeader } from "../components/building_header.js";
import { buildingTabs } from "../components/building_tabs.js";
import { Element } from "../components/element.js";
import { icon } from "../components/icons.js";
import "../components/meter_rules.js";
import { inOrder } from "../kinds.js";
import { t } from "../language.js";
import { problemText } from "../problem.js";
import { rulesOf } from "../rules_api.js";
import { recall } from "../store.js";
import "../words/rules.js";

const SWITCHERS = ["owner", "operator"];

export class Rules extends Element {
  static properties = { premisesId: {}, building: { state: true }, rules: { state: true }, isTrying: { state: true }, error: { state: true } };

  constructor() {
    super();
    this.premisesId = "";
    this.#clear();
  }

  #clear() {
    Object.assign(this, { building: null, rules: null, isTrying: false, error: null });
  }

  willUpdate(changed) {
    if (!changed.has("premisesId")) return;
    this.#clear();
    this.#fetch();
  }

  async #fetch() {
    const id = this.premisesId;
    this.error = null;
    try {
      const building = await premises(id);
      const all = await Promise.all(building.service_points.map((point) => rulesOf(point.service_point_id)));
      if (id !== this.premisesId) return;
      this.building = building;
      this.rules = new Map(building.service_points.map((point, at) => [point.service_point_id, all[at]]));
    } catch (error) {
      if (id === this.premisesId) this.error = error;
    }
  }

  render() {
    return html`
      <main id="content" class="page">
        <a class="back" href="#/">${icon("left")}${t("back")}</a>
        ${buildingHeader(this.building, "tab_rules", this.error ? null : this.premisesId)}
        ${buildingTabs(this.premisesId, "rules")}
        ${this.#content()}
      </main>`;
  }

  #content() {
    if (this.error) {
      return html`<p class="problem card" role="alert">${problemText(this.error)}
        <button class="primary" @click=${() => this.#fetch()}>${t("retry")}</button></p>`;
    }
    const { building, rules } = this;
    if (!building || !rules) return html`<p class="empty" role="status">${t("loading")}</p>`;
    if (!building.service_points.length) return html`<p class="empty card">${t("rules_none")}</p>`;
    const maySwitch = SWITCHERS.includes(recall("user")?.content.role);
    return html`
      <p class="lead">${t("rules_lead")}${maySwitch ? nothing : ` ${t("rules_owner_only")}`}</p>
      <div class="rule-cards">${inOrder(building.service_points).map((point, at) => html`
        <iskar-meter-rules .point=${point} .rules=${rules.get(point.service_point_id)} .isFirst=${at === 0} .maySwitch=${maySwitch} .isBusy=${this.isTrying}
          @trying=${({ detail }) => { this.isTrying = detail; }}></iskar-meter-rules>`)}</div>`;
  }
}
customElements.define("iskar-rules", Rules);
