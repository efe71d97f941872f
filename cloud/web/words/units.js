// SPDX-License-Identifier: EUPL-1.2
/** Words of units and of what makes energy of gas: key: [Bulgarian, English]. */

import { addWords } from "../language.js";

addWords({
  unit_choice: ["Мерна единица: {utility}", "Unit: {utility}"],
  unit_auto: ["л или м³", "l or m³"],
  state_unconverted: ["няма коефициент за kWh", "no factor for kWh"],
  gas_factor: ["× {factor} kWh/м³", "× {factor} kWh/m³"],
  gas_factor_from: ["{factor} от {day}", "{factor} from {day}"],
  gas_factor_assumed: ["Коефициентът е на повечето домове; твоят стои на сметката за газ.", "This is the factor of most homes; yours is on the gas bill."],
  gas_no_factor: ["Където коефициентът не е известен, има само кубични метри: kWh е „—“.", "Where no factor is known there are only cubic metres: kWh is “—”."],
  gas_factor_changed: ["Коефициентът се е сменил насред период, чиито дни вече не се пазят: kWh е „—“.", "The factor changed within a period whose days are no longer kept: kWh is “—”."],
});
