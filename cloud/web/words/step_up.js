// SPDX-License-Identifier: EUPL-1.2
/** Words of the question who it is, once more: key: [Bulgarian, English]. */

import { addWords } from "../language.js";

addWords({
  step_up: ["Потвърди, че си ти", "Confirm that it's you"],
  step_up_why: ["Това е важна промяна, затова питаме още веднъж. После не питаме десет минути.", "This is an important change, so we ask once more. After that, not for ten minutes."],
  step_up_passkey: ["С ключа за достъп", "Use your passkey"],
  step_up_recovery: ["Код за възстановяване", "Recovery code"],
  step_up_at: ["Вход през {name}", "Sign in at {name}"],
  step_up_confirm: ["Потвърди", "Confirm"],
  step_up_cancel: ["Откажи", "Cancel"],
  step_up_wrong: ["Паролата не е вярна.", "The password is not right."],
});
