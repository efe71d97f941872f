// SPDX-License-Identifier: EUPL-1.2
/** Words of what one may do with what is kept of one: key: [Bulgarian, English]. */

import { addWords } from "../language.js";

addWords({
  my_data: ["Моите данни", "My data"],
  takeout: ["Вземи всичко със себе си", "Take everything with you"],
  takeout_what: ["Един архив с всичко, което пазим за теб: профила, кой е гледал и потреблението по часове, дни и месеци. Отваря се с таблица или текстов редактор.", "One archive of everything kept of you: your account, who looked, and your use by hour, day and month. A spreadsheet or a text editor opens it."],
  takeout_do: ["Изтегли архива", "Download the archive"],
  takeout_making: ["Архивът се прави. Остави страницата отворена…", "The archive is being made. Keep this page open…"],
  takeout_done: ["Архивът е при изтеглените файлове.", "The archive is among your downloads."],

  erase: ["Изтрий профила ми", "Erase my account"],
  erase_goes: ["Изтрива се веднага", "What goes at once"],
  erase_goes_account: ["Имейлът, името и паролата ти, ключовете за достъп и кодовете, достъпът на програми.", "Your email address, name and password, passkeys and codes, programs' tokens."],
  erase_goes_alerts: ["Абонаментите за сигнали: писма и известия спират.", "Your subscriptions to alerts: emails and notifications stop."],
  erase_goes_shares: ["Достъпът ти до сградите. Бележките ти към поправки се изпразват.", "Your access to buildings. Your notes on corrections are emptied."],
  erase_goes_phone: ["Всичко запомнено в този телефон или компютър.", "Everything this phone or computer has kept."],
  erase_stays: ["Остава, но без теб", "What stays, but without you"],
  erase_stays_meters: ["Показанията на измервателите: те са на сградата и на тях стоят сметките. Часовете се пазят 3 години, дните 10.", "What the meters measured: it belongs to the building, and bills rest on it. Hours are kept for 3 years, days for 10."],
  erase_stays_log: ["Дневникът кой какво е променил: в него остава само номер, за който никой вече не знае чий е бил.", "The log of who changed what: only a number stays there, and nobody knows any more whose it was."],
  erase_stays_backups: ["Резервните копия: в тях те има, докато изтекат, най-много 35 дни.", "Backups: you are in them until they end, for 35 days at most."],
  erase_begin: ["Искам да изтрия профила си", "I want to erase my account"],
  erase_type: ["За да потвърдиш, напиши имейла си: {email}", "To confirm, type your email address: {email}"],
  erase_do: ["Изтрий завинаги", "Erase for good"],
  erase_email_wrong: ["Това не е имейлът на профила.", "This is not the account's email address."],
  erase_last_operator: ["Ти си последният оператор. Първо назначи друг.", "You are the last operator. Appoint another one first."],
});
