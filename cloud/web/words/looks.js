// SPDX-License-Identifier: EUPL-1.2
/** Words of who looked at whose data: key: [Bulgarian, English]; a pair within is [one, more] of `{n}`. */

import { addWords } from "../language.js";

addWords({
  looks_mine: ["Кой гледа данните ми", "Who looked at my data"],
  looks_building: ["Кой гледа данните на сградата", "Who looked at this building's data"],
  looks_help: ["Всяко отваряне се записва за една година. Служителите са без имена; операторът знае кои са.", "Each look is noted and kept for a year. Employees are not named; the operator knows who they are."],
  looks_with_mine: ["Покажи и моите", "Show mine, too"],
  looks_nobody: ["Никой друг не е гледал.", "Nobody else has looked."],
  looks_nobody_so_far: ["Дотук никой друг не е гледал.", "Nobody else has looked so far."],
  looks_more: ["Покажи по-стари", "Show older ones"],
  looks_you: ["Ти", "You"],
  looker_owner: ["собственик", "an owner"],
  looker_tenant: ["наемател или домоуправител", "a tenant or caretaker"],
  looker_utility: ["дружество доставчик", "a utility"],
  looker_technician: ["техник", "a technician"],
  looker_municipality: ["община", "the municipality"],
  looker_operator: ["оператор", "an operator"],
  look_use: ["потребление", "use"],
  look_readings: ["показания", "readings"],
  look_now: ["какво тече сега", "what runs now"],
  look_cost: ["сметки", "bills"],
  look_alerts: ["сигнали", "alerts"],
  look_forecast: ["прогнози", "forecasts"],
  look_other: ["други данни", "other data"],
  look_times: [["{n} път", "{n} пъти"], ["{n} time", "{n} times"]],
});
