// SPDX-License-Identifier: EUPL-1.2
/** Words of the forecast in charts of use: key: [Bulgarian, English]; a pair within is [one, more] of `{n}`. */

import { addWords } from "../language.js";

addWords({
  ahead_rest_day: ["Очаквано до края на деня: още {amount}.", "Expected by the end of the day: another {amount}."],
  ahead_rest_week: ["Очаквано до края на седмицата: още {amount}.", "Expected by the end of the week: another {amount}."],
  ahead_rest_month: ["Очаквано до края на месеца: още {amount}.", "Expected by the end of the month: another {amount}."],
  ahead_rest_until: ["Очаквано до края на {day}: още {amount}.", "Expected by the end of {day}: another {amount}."],
  ahead_fared_hours: [
    ["За {n} изминал час: очаквани {expected}, измерени {used}; {within} от {n} в границите.", "За {n} изминали часа: очаквани {expected}, измерени {used}; {within} от {n} в границите."],
    ["For {n} past hour: {expected} expected, {used} measured; {within} of {n} within the range.", "For {n} past hours: {expected} expected, {used} measured; {within} of {n} within the range."],
  ],
  ahead_fared_days: [
    ["За {n} изминал ден: очаквани {expected}, измерени {used}; {within} от {n} в границите.", "За {n} изминали дни: очаквани {expected}, измерени {used}; {within} от {n} в границите."],
    ["For {n} past day: {expected} expected, {used} measured; {within} of {n} within the range.", "For {n} past days: {expected} expected, {used} measured; {within} of {n} within the range."],
  ],
  ahead_fallback: ["Засега прогнозата само повтаря миналата седмица, затова границите са широки.", "For now the forecast only repeats last week, so its range is wide."],
  ahead_age: ["Прогнозата е направена {age}.", "The forecast was made {age}."],
  ahead_is: ["очаква се {amount}", "{amount} expected"],
  ahead_was: ["очакваше се {amount}", "{amount} was expected"],
  ahead_column: ["Прогноза", "Forecast"],
  legend_ahead: ["очаквано; 9 от 10 пъти е в чертата", "expected; 9 times of 10 within the line"],
  legend_foretold: ["прогнозата от предния ден", "the forecast of the day before"],
});
