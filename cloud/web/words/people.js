// SPDX-License-Identifier: EUPL-1.2
/** Words of sharing a building: key: [Bulgarian, English]. */

import { addWords } from "../language.js";

addWords({
  people: ["Кой вижда сградата", "Who sees this building"],
  people_nobody: ["Засега само ти.", "Only you, so far."],
  people_since: ["от {day}", "from {day} on"],
  people_end: ["Спри достъпа", "End access"],
  people_end_sure: ["{name} веднага спира да вижда сградата. Да спра ли достъпа?", "{name} stops seeing the building at once. End access?"],
  people_ended: ["Достъпът е спрян.", "Access is ended."],
  people_not_yours: ["Тази сграда е споделена с теб", "This building is shared with you"],
  people_not_yours_why: ["Кой я вижда, решава собственикът ѝ. Кажи му, ако искаш да покажеш нещо на друг.", "Its owner decides who sees it. Tell them if you want to show it to somebody else."],
  people_see_looks: ["Виж кой гледа твоите данни", "See who looked at your data"],

  share: ["Сподели с някого", "Share it with somebody"],
  share_help: ["Ще получи писмо и сам си избира парола. Вижда, но не може да споделя нататък.", "They get an email and choose their own password. They see, but can't share it further."],
  share_name: ["Име, по което ще го познаеш", "A name that you'll know them by"],
  share_name_needed: ["Напиши име.", "Enter a name."],
  share_as: ["Като", "As"],
  share_tenant: ["Наемател", "Tenant"],
  share_caretaker: ["Домоуправител", "Caretaker"],
  share_what: ["Какво вижда", "What they see"],
  share_all: ["Цялата сграда", "The whole building"],
  share_part: ["Само някои измерватели", "Only some meters"],
  share_points_needed: ["Избери поне един измервател.", "Choose at least one meter."],
  share_since: ["От кога", "Since when"],
  share_since_ever: ["от първото показание", "from the first reading on"],
  share_since_day: ["от определен ден, например нанасянето", "from a certain day on, such as moving in"],
  share_day: ["Първи ден", "First day"],
  share_day_needed: ["Избери ден.", "Choose a day."],
  share_do: ["Сподели", "Share"],
  share_done: ["Споделено. Писмото е на път.", "Shared. The email is on its way."],
  share_owns_it: ["Този човек вече е собственик на сградата.", "This person owns the building already."],
});
