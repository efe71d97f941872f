// SPDX-License-Identifier: EUPL-1.2
/** The registers that hung at a service point, newest first, and what happened to each. */

import { html, nothing } from "lit";
import { registersOf } from "../api.js";
import { dateText } from "../calendar.js";
import { language, t } from "../language.js";
import { problemText } from "../problem.js";
import { decimal, exactText } from "../units.js";
import { Element } from "./element.js";

const BEGINNINGS = ["installation", "exchange"]; // told by the dates

export class RegisterEpochs extends Element {
  static properties = { servicePointId: {}, isFull: {}, epochs: { state: true }, error: { state: true } };

  constructor() {
    super();
    this.servicePointId = "";
    this.isFull = false; // a list by itself, also of one plain meter, with every digit
    this.epochs = [];
    this.error = null;
  }

  willUpdate(changed) {
    if (changed.has("servicePointId")) this.#load();
  }

  async #load() {
    try {
      this.epochs = (await registersOf(this.servicePointId)).reverse();
      this.error = null;
    } catch (error) {
      this.error = problemText(error);
    }
  }

  render() {
    if (this.error) return html`<p class="note">${t("registers")}: ${this.error}</p>`;
    const isPlain = this.epochs.length < 2 && !this.epochs.some(({ events }) => events.some(isTold));
    if (isPlain && !this.isFull) return nothing;
    return html`
      ${this.isFull ? nothing : html`<h4>${t("registers")}</h4>`}
      <dl>${this.epochs.map((epoch) => html`
        ${row(t("register_epoch", { serial: epoch.serial }), `${dayText(epoch.installed_at)} – ${epoch.removed_at ? dayText(epoch.removed_at) : t("until_now")}`, "epoch")}
        ${epoch.start_register === null ? nothing : row(t("start_register"), this.#count(epoch.start_register, epoch.unit))}
        ${epoch.final_register === null ? nothing : row(t("final_register"), this.#count(epoch.final_register, epoch.unit))}
        ${epoch.events.filter(isTold).map((event) => row(t(`event_${event.kind}`), dayText(event.at)))}`)}
      </dl>`;
  }

  #count(register, unit) {
    return this.isFull ? exactText(register, unit, language()) : `${decimal(register, 0, language())} ${unit}`;
  }
}
customElements.define("iskar-registers", RegisterEpochs);

const isTold = ({ kind }) => !BEGINNINGS.includes(kind);
const row = (name, text, role = "") => html`<div class=${role}><dt>${name}</dt><dd>${text}</dd></div>`;
const dayText = (at) => dateText(Date.parse(at), language(), { day: "numeric", month: "long", year: "numeric" });
