// SPDX-License-Identifier: EUPL-1.2
/** The meters of a building, each with its dial as it turns. */

import { html } from "lit";
import { inOrder } from "../kinds.js";
import { t } from "../language.js";
import { Element } from "./element.js";
import "./meter_card.js";

class Meters extends Element {
  static isLater = true;
  static properties = { premisesId: {}, points: {} };

  constructor() {
    super();
    this.premisesId = "";
    this.points = [];
  }

  render() {
    return html`
      <section class="meters" aria-labelledby="meters-title">
        <h2 id="meters-title">${t("meters_now")}</h2>
        ${inOrder(this.points).map((point) => html`
          <iskar-meter .premisesId=${this.premisesId} .point=${point} .parent=${this.points.find((other) => other.service_point_id === point.parent_service_point_id)}></iskar-meter>`)}
      </section>`;
  }
}
customElements.define("iskar-meters", Meters);
