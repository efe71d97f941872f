// SPDX-License-Identifier: EUPL-1.2
/** The rules of one meter: what each looks for, its switch, and how often it would have spoken up. */

import { html, nothing } from "lit";
import { UnreachableError } from "../api.js";
import { momentText } from "../calendar.js";
import { language, named, t } from "../language.js";
import { problemText } from "../problem.js";
import { backtest, switchRule } from "../rules_api.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";

const DAYS = 90;
const FEWER_DAYS = 30;
const UNTRIED = ["imbalance", "missing"]; // a backtest looks at one meter alone, and only at its readings

export class MeterRules extends Element {
  static properties = {
    point: {}, rules: {}, isFirst: {}, maySwitch: {}, isBusy: {}, saving: { state: true }, did: { state: true }, failure: { state: true },
    trying: { state: true }, tried: { state: true }, tryFailure: { state: true }, days: { state: true },
  };

  constructor() {
    super();
    this.point = null;
    this.rules = [];
    this.isFirst = false; // the others are folded, for a building has many
    this.maySwitch = false;
    this.isBusy = false; // another meter's rules are being tried
    this.saving = null; // the kind that is being switched
    this.did = null;
    this.failure = null;
    this.trying = false;
    this.tried = null; // {days, readings, findings}
    this.tryFailure = null;
    this.days = DAYS;
  }

  render() {
    const { point } = this;
    const id = `rules-${point.service_point_id}`;
    return html`
      <section class="card meter-rules u-${point.utility}" aria-labelledby=${id} data-rules=${point.service_point_id}>
        <h2 id=${id}>${icon(point.utility)}${named(point.name)}</h2>
        ${this.rules.length ? html`
          <details ?open=${this.isFirst}>
            <summary>${t("rules_count", { n: this.rules.length })}</summary>
            ${this.#trial()}
            <p role="status" class="rules-did">${this.did ? this.did() : nothing}</p>
            ${this.failure ? html`<p class="problem" role="alert">${this.failure()}</p>` : nothing}
            <ul class="rule-rows">${this.rules.map((rule) => this.#rule(rule))}</ul>
          </details>` : html`<p class="note">${t("rules_none_here")}</p>`}
      </section>`;
  }

  #trial() {
    return html`
      <div class="rules-trial">
        <p class="note">${t("rules_try_note")}</p>
        <button class="quiet bordered" data-act="try" aria-disabled=${this.trying || this.isBusy ? "true" : nothing} @click=${this.#try}>${t("rules_try", { n: this.days })}</button>
        <p role="status" class="note">${this.trying ? t("rules_trying", { n: this.days }) : this.tried ? t(this.tried.readings ? "rules_tried" : "rules_no_readings", { n: this.tried.days }) : nothing}</p>
        ${this.tryFailure ? html`<p class="problem" role="alert">${this.tryFailure()}</p>` : nothing}
      </div>`;
  }

  #rule({ kind, is_on: isOn, may_be_switched_off: mayBeOff, switched_off_at: offAt }) {
    const id = `rule-${this.point.service_point_id}-${kind}`;
    return html`
      <li class="rule-row" data-rule=${kind}>
        <div class="rule-words">
          <h3 id=${id}>${t(`rulename_${kind}`)}</h3>
          <p>${t(`rulefor_${kind}`)}</p>
          ${offAt ? html`<p class="rule-off">${t("rules_off_since", { when: momentText(Date.parse(offAt), language()) })}</p>` : nothing}
          ${mayBeOff ? nothing : html`<p class="note">${t("rules_always_on")}</p>`}
          ${this.tried?.readings ? this.#would(kind, this.tried) : nothing}
        </div>
        ${mayBeOff && this.maySwitch
          ? html`<button class="switch" role="switch" aria-checked=${isOn ? "true" : "false"} aria-labelledby=${id} aria-disabled=${this.saving ? "true" : nothing}
              @click=${() => this.#switch(kind, !isOn)}><i></i></button>`
          : html`<span class="badge">${t(isOn ? "rules_on" : "rules_off")}</span>`}
      </li>`;
  }

  #would(kind, { days, findings }) {
    if (UNTRIED.includes(kind)) return html`<p class="note">${t("rules_untried")}</p>`;
    const found = findings.filter(({ kinds }) => kinds.includes(kind));
    if (!found.length) return html`<p class="rule-would">${t("rules_would_not", { n: days })}</p>`;
    return html`
      <details class="rule-would">
        <summary>${t("rules_would", { n: found.length, days })}</summary>
        <ul>${found.map(({ raised_at: at }) => html`<li><time datetime=${at}>${momentText(Date.parse(at), language())}</time></li>`)}</ul>
      </details>`;
  }

  async #switch(kind, isOn) {
    if (this.saving) return;
    this.saving = kind;
    this.failure = null;
    this.did = null;
    try {
      const rule = await switchRule(this.point.service_point_id, kind, isOn);
      this.rules = this.rules.map((one) => (one.kind === kind ? rule : one));
      this.did = () => t(isOn ? "rules_did_on" : "rules_did_off", { rule: t(`rulename_${kind}`) });
    } catch (error) {
      this.failure = this.#reason(error);
    }
    this.saving = null;
  }

  #reason(error) {
    if (error instanceof UnreachableError) return () => t("rules_not_saved", { reason: problemText(error) });
    if (error.status === 403) return () => t("rules_may_not");
    if (error.code === "rule-stays-on") return () => t("rules_always_on");
    return () => t("rules_refused", { reason: problemText(error) });
  }

  async #try() {
    if (this.trying || this.isBusy) return;
    const { days } = this;
    Object.assign(this, { trying: true, tried: null, tryFailure: null });
    this.dispatchEvent(new CustomEvent("trying", { detail: true }));
    try {
      const { readings, findings } = await backtest(this.point.service_point_id, days);
      this.tried = { days, readings, findings };
    } catch (error) {
      this.tryFailure = this.#trialReason(error, days);
      if (error.code === "backtest-too-long") this.days = FEWER_DAYS;
    }
    this.trying = false;
    this.dispatchEvent(new CustomEvent("trying", { detail: false }));
  }

  #trialReason(error, days) {
    if (error.code === "backtest-busy") return () => t("rules_busy", { n: error.retryAfterS ?? 30 });
    if (error.code === "backtest-too-long") return () => t("rules_too_long", { n: days });
    return () => t("rules_try_failed", { reason: problemText(error) });
  }
}
customElements.define("iskar-meter-rules", MeterRules);
