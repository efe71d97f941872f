// SPDX-License-Identifier: EUPL-1.2
/** A building's budgets: how the month goes beside each, and a form to set, change or remove one. */

import { html, nothing, svg } from "lit";
import { language, t } from "../language.js";
import { problemText } from "../problem.js";
import { dropBudget, setBudget } from "../saving_api.js";
import { amountText, euroText, symbol } from "../units.js";
import { Element } from "./element.js";
import { icon } from "./icons.js";

const UNITS = { water: { unit: "m³", per: 1e6 }, gas: { unit: "m³", per: 1e3 }, electricity: { unit: "kWh", per: 1e3 }, heat: { unit: "kWh", per: 1e3 } };
const EURO = "EUR";
const REASONS = { no_price: "saving_why_no_price", too_little_history: "saving_why_too_little_history" };

export class Budgets extends Element {
  static properties = { premisesId: {}, utilities: {}, items: {}, editing: { state: true }, failure: { state: true }, said: { state: true }, isSaving: { state: true } };

  constructor() {
    super();
    this.premisesId = "";
    this.utilities = [];
    this.items = [];
    this.editing = null; // the utility whose form is open
    this.failure = "";
    this.failed = null; // the utility it is about
    this.said = "";
    this.isSaving = false;
  }

  render() {
    return html`
      <ul class="budgets">${this.utilities.map((utility) => this.#row(utility, this.items.find((one) => one.utility === utility)))}</ul>
      <p class="note" role="status">${this.said}</p>`;
  }

  #row(utility, budget) {
    const name = t(`saving_${utility}`);
    const isOpen = this.editing === utility;
    return html`
      <li class="budget u-${utility}" data-budget=${utility} data-state=${budget?.state ?? nothing}>
        <div class="budget-head">
          <h3>${icon(utility)} ${name}</h3>
          ${isOpen ? nothing : html`<span>
            <button class="quiet outlined" data-edit aria-label=${t(budget ? "saving_change_of" : "saving_set_of", { name })} @click=${() => this.#open(utility)}>${t(budget ? "saving_change" : "saving_set")}</button>
            ${budget ? html`<button class="quiet" aria-label=${t("saving_drop_of", { name })} ?disabled=${this.isSaving} @click=${() => this.#drop(utility)}>${t("saving_drop")}</button>` : nothing}</span>`}
        </div>
        ${isOpen ? this.#form(utility, budget) : budget ? shown(budget) : html`<p class="note">${t("saving_no_budget")}</p>`}
        ${!isOpen && this.failure && this.failed === utility ? html`<p class="problem" role="alert">${this.failure}</p>` : nothing}
      </li>`;
  }

  #form(utility, budget) {
    const { unit, per } = UNITS[utility];
    const isEuro = !budget || budget.unit === EURO;
    const typed = budget ? String(isEuro ? budget.limit : budget.limit / per) : "";
    return html`
      <form class="budget-form" novalidate @submit=${(event) => this.#save(event, utility)} @keydown=${(event) => event.key === "Escape" && this.#close(utility)}>
        <div><label for="budget-limit">${t("saving_at_most")}</label>
          <input id="budget-limit" name="limit" inputmode="decimal" autocomplete="off" .value=${language() === "bg" ? typed.replace(".", ",") : typed}
            aria-describedby="budget-failure" aria-invalid=${Boolean(this.failure)}></div>
        <div><label for="budget-unit">${t("saving_in")}</label>
          <select id="budget-unit" name="unit"><option value=${EURO} ?selected=${isEuro}>€</option><option value=${unit} ?selected=${!isEuro}>${symbol(unit, language())}</option></select></div>
        <p id="budget-failure" class="problem" role="alert">${this.failure}</p>
        <div class="budget-buttons">
          <button class="primary" type="submit" ?disabled=${this.isSaving}>${t("saving_save")}</button>
          <button class="quiet" type="button" @click=${() => this.#close(utility)}>${t("saving_cancel")}</button></div>
      </form>`;
  }

  async #open(utility) {
    Object.assign(this, { editing: utility, failure: "", said: "" });
    await this.updateComplete;
    this.querySelector("#budget-limit").focus();
  }

  async #close(utility) {
    Object.assign(this, { editing: null, failure: "" });
    await this.updateComplete;
    this.querySelector(`[data-budget=${utility}] [data-edit]`)?.focus();
  }

  async #save(event, utility) {
    event.preventDefault();
    const { limit, unit } = event.target.elements;
    const typed = numberOf(limit.value);
    const wanted = unit.value === EURO ? { euro: typed?.toFixed(2) } : { amount: typed && Math.round(typed * UNITS[utility].per) };
    if (typed === null || Number(wanted.euro ?? wanted.amount) <= 0) {
      this.failure = t("saving_wrong");
      limit.focus();
      return;
    }
    if (await this.#change(utility, () => setBudget(this.premisesId, utility, wanted), "saving_kept")) await this.#close(utility);
  }

  async #drop(utility) {
    await this.#change(utility, () => dropBudget(this.premisesId, utility), "saving_dropped");
    this.querySelector(`[data-budget=${utility}] [data-edit]`)?.focus();
  }

  /** Do it and tell the view, which asks for what has changed; true if it was done. */
  async #change(utility, act, done) {
    Object.assign(this, { isSaving: true, failure: "", said: "", failed: utility });
    try {
      await act();
      this.said = t(done);
      this.dispatchEvent(new CustomEvent("changed"));
      return true;
    } catch (error) {
      this.failure = t("saving_not_kept", { reason: problemText(error) });
      return false;
    } finally {
      this.isSaving = false;
    }
  }
}
customElements.define("iskar-budgets", Budgets);

/** A number as people type it, with a comma or a point; null for anything else. */
export function numberOf(typed) {
  const plain = typed.trim().replace(/[\s\u00a0]/g, "").replace(",", ".");
  return /^\d+(\.\d+)?$/.test(plain) && Number(plain) < 1e8 ? Number(plain) : null;
}

function shown(budget) {
  const told = (amount) => (amount === null ? "—" : budget.unit === EURO ? euroText(amount, language()) : amountText(amount, budget.unit, language()));
  const { state, soFar, low, mid, high, limit } = budget;
  const above = Math.max(0, (state === "passed" ? soFar : mid ?? 0) - limit);
  const isKnown = mid !== null;
  return html`
    ${bar(budget)}
    <dl class="budget-facts">
      <div><dt>${t("saving_so_far")}</dt><dd>${told(soFar)}</dd></div>
      <div><dt>${t("saving_expected")}</dt><dd>${told(mid)}</dd></div>
      <div><dt>${t("saving_limit")}</dt><dd>${told(limit)}</dd></div>
    </dl>
    <p class="budget-state">${icon(state === "under" ? "check" : state === "unknown" ? "right" : "alert")}<span><b>${t(`saving_state_${state}`, { amount: told(above) })}</b>
      ${isKnown ? t("saving_range", { low: told(low), high: told(high) }) + "." : budget.reason in REASONS ? t(REASONS[budget.reason]) : nothing}
      ${t("saving_days_left", { n: budget.daysLeft })}</span></p>`;
}

/** So far as a solid bar, what is expected as a lighter range, the budget as a mark across. */
function bar({ soFar, low, high, limit }) {
  const most = 1.08 * Math.max(limit, high ?? 0, soFar ?? 0);
  const at = (amount) => (amount ?? 0) / most * 100;
  return html`
    <svg class="budget-bar" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" y="3" width="100" height="8"/>
      ${svg`${high === null ? nothing : svg`<rect class="bar-some" x=${at(low)} y="3" width=${Math.max(0.6, at(high) - at(low))} height="8"/>`}
        <rect class="bar-full" y="3" width=${at(soFar)} height="8"/><rect class="bar-mark" x=${at(limit) - 0.4} width="0.8" height="14"/>`}
    </svg>`;
}
