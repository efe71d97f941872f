// SPDX-License-Identifier: EUPL-1.2
/** A wish to be told of alerts: where, of which building and utilities, how pressing, and not at night. */

import { html, nothing } from "lit";
import { UnreachableError } from "../api.js";
import { language, named, t } from "../language.js";
import { newId, NoPushError, PushDeniedError, pushState, pushTarget, putSubscription } from "../notices_api.js";
import { problemText } from "../problem.js";
import { Element } from "./element.js";

const UTILITIES = ["water", "gas", "electricity"]; // no rules watch heat
const SEVERITIES = { all: [], warning: ["critical", "warning"], critical: ["critical"] };
export const KINDS = [
  "burst", "continuous_flow", "floor_flow", "steady_flow", "intermittent_flow", "growing_flow", "night_flow",
  "imbalance", "gas_flow", "standby", "backflow", "stuck", "missing",
];
const REFUSALS = { "mail-off": "notices_no_mail", "too-many-subscriptions": "notices_too_many", "address-refused": "notices_refused" };

export class NoticeForm extends Element {
  static properties = { buildings: {}, channel: { state: true }, isQuiet: { state: true }, isSaving: { state: true }, failure: { state: true } };

  #id = newId();

  constructor() {
    super();
    this.buildings = [];
    this.channel = "email";
    this.isQuiet = false;
    this.isSaving = false;
    this.failure = null;
  }

  render() {
    const push = pushState();
    const cannot = this.channel === "push" && !["ready", "ask"].includes(push);
    return html`
      <form class="card notice-form" novalidate @submit=${this.#save}>
        <h2>${t("notices_new")}</h2>
        <fieldset>
          <legend>${t("notices_how")}</legend>
          <div class="options">${["email", "push"].map((channel) => html`
            <label><input type="radio" name="channel" value=${channel} .checked=${this.channel === channel} @change=${() => { this.channel = channel; }}>${t(`notices_${channel}`)}</label>`)}</div>
          ${this.channel === "push" ? html`<p class="note" data-push=${push}>${t(`notices_push_${push}`)}</p>` : nothing}
        </fieldset>
        <div><label for="notice-of">${t("notices_of")}</label>
          <select id="notice-of" name="premises"><option value="">${t("notices_all_buildings")}</option>
            ${this.buildings.map(({ premises_id, name }) => html`<option value=${premises_id}>${named(name)}</option>`)}</select></div>
        <fieldset>
          <legend>${t("notices_utilities")}</legend>
          <div class="options">${UTILITIES.map((utility) => html`<label><input type="checkbox" name="utility" value=${utility}>${t(utility)}</label>`)}</div>
          <p class="note">${t("notices_utilities_note")}</p>
        </fieldset>
        <fieldset>
          <legend>${t("notices_severity")}</legend>
          <div class="options">${Object.keys(SEVERITIES).map((severity) => html`
            <label><input type="radio" name="severity" value=${severity} ?checked=${severity === "all"}>${t(`notices_severity_${severity}`)}</label>`)}</div>
        </fieldset>
        <details><summary>${t("notices_only_kinds")}</summary>
          <div class="options kinds">${KINDS.map((kind) => html`<label><input type="checkbox" name="kind" value=${kind}>${t(`rulename_${kind}`)}</label>`)}</div></details>
        <fieldset>
          <legend class="visually-hidden">${t("notices_quiet")}</legend>
          <div class="options"><label><input type="checkbox" name="quiet" .checked=${this.isQuiet} @change=${(event) => { this.isQuiet = event.target.checked; }}>${t("notices_quiet")}</label></div>
          ${this.isQuiet ? html`
            <div class="quiet-hours">
              <div><label for="quiet-from">${t("notices_from")}</label><input id="quiet-from" name="from" type="time" value="22:00" required></div>
              <div><label for="quiet-to">${t("notices_to")}</label><input id="quiet-to" name="to" type="time" value="07:00" required></div>
            </div>` : nothing}
          <p class="note">${t("notices_quiet_note")}</p>
        </fieldset>
        ${this.failure ? html`<p class="problem" role="alert">${this.failure()}</p>` : nothing}
        <button class="primary" aria-disabled=${this.isSaving || cannot ? "true" : nothing}>${t(this.isSaving ? "notices_saving" : "notices_save")}</button>
      </form>`;
  }

  async #save(event) {
    event.preventDefault();
    const cannot = this.channel === "push" && !["ready", "ask"].includes(pushState());
    if (this.isSaving || cannot) return;
    const wish = this.#wish(new FormData(event.target));
    if (wish.quiet && wish.quiet.from_minute === wish.quiet.to_minute) {
      this.failure = () => t("notices_same_hour");
      return;
    }
    this.isSaving = true;
    this.failure = null;
    try {
      const push = this.channel === "push" ? await pushTarget() : null;
      const saved = await putSubscription(this.#id, { ...wish, push });
      this.#id = newId();
      this.dispatchEvent(new CustomEvent("saved", { detail: saved }));
    } catch (error) {
      this.failure = reasonOf(error);
    }
    this.isSaving = false;
  }

  #wish(form) {
    return {
      channel: this.channel,
      language: language(),
      premises_id: form.get("premises") || null,
      utilities: form.getAll("utility"),
      kinds: form.getAll("kind"),
      severities: SEVERITIES[form.get("severity")],
      quiet: this.isQuiet ? { from_minute: minuteOf(form.get("from")), to_minute: minuteOf(form.get("to")) } : null,
    };
  }
}
customElements.define("iskar-notice-form", NoticeForm);

/** The minute of the day of "22:30"; midnight for none. */
function minuteOf(time) {
  const [hour, minute] = (time || "00:00").split(":").map(Number);
  return hour * 60 + minute;
}

function reasonOf(error) {
  if (error instanceof UnreachableError) return () => t("notices_lost");
  if (error instanceof PushDeniedError) return () => t("notices_push_denied");
  if (error instanceof NoPushError) return () => t("notices_no_push");
  const key = REFUSALS[error.code];
  return key ? () => t(key) : () => t("notices_failed", { reason: problemText(error) });
}
