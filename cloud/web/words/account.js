// SPDX-License-Identifier: EUPL-1.2
/** Words of second factors and passwords: key: [Bulgarian, English]; a pair within is [one, more] of `{n}`. */

import { addWords } from "../language.js";

addWords({
  code: ["Код от приложението", "Code from your app"],
  code_help: ["Шест цифри, или код за възстановяване.", "Six digits, or a recovery code."],
  code_needed: ["Въведи код.", "Enter a code."],
  wrong_code: ["Кодът не е верен, изтекъл е или вече е ползван.", "The code is not right, too old, or was used."],
  by_passkey: ["Вход с ключ за достъп", "Sign in with a passkey"],
  passkey_failed: ["Ключът за достъп не беше приет. Опитай пак или влез с парола.", "The passkey was not accepted. Try again or use your password."],
  forgot_password: ["Забравена парола", "Forgotten password"],
  reset_asked: ["Ако има профил с този имейл, изпратихме връзка за нова парола.", "If an account has this email, a link to a new password is on its way."],
  mail_off: ["Тук не се изпращат писма. Обърни се към оператора.", "No mail is sent from here. Ask the operator."],
  new_password: ["Нова парола", "New password"],
  new_password_help: ["Поне 15 знака, например няколко думи, които ще помниш.", "At least 15 characters, such as some words you'll remember."],
  password_too_short: ["Паролата трябва да е поне 15 знака.", "The password needs at least 15 characters."],
  password_weak: ["Тази парола се налучква лесно. Избери друга.", "This password is easily guessed. Choose another."],
  set_password: ["Запази паролата", "Set password"],
  password_set: ["Паролата е сменена. Влез с нея.", "Your password is set. Sign in with it."],
  account_erased: ["Профилът ти е изтрит. Благодарим ти, че беше тук.", "Your account is erased. Thank you for having been here."],
  refused_identity: ["Входът през организацията ти не беше приет. Опитай пак; ако пак не стане, обади се на оператора.", "The sign-in with your organisation was not accepted. Try again; if it fails again, ask the operator."],
  refused_lost: ["Този вход е започнат в друг браузър или отне твърде дълго. Започни го отново тук.", "This sign-in was begun in another browser, or took too long. Begin it again here."],
  refused_provider: ["Входът на организацията ти сега не отговаря. Опитай пак след малко.", "Your organisation's sign-in doesn't answer now. Try again in a while."],
  refused_other: ["Входът през организацията ти не се получи. Опитай пак.", "Signing in with your organisation didn't work. Try again."],
  link_over: ["Връзката вече е ползвана или е изтекла. Поискай нова.", "The link was used or is too old. Ask for a new one."],
  second_factor: ["Втора защита", "Second factor"],
  second_factor_why: ["За твоята роля паролата не стига. Добави ключ за достъп или кодове от приложение.", "For your role a password is not enough. Add a passkey, or codes from an app."],
  add_passkey: ["Добави ключ за достъп", "Add a passkey"],
  use_codes: ["Ползвай кодове от приложение", "Use codes from an app"],
  confirm: ["Потвърди", "Confirm"],
  recovery_codes: ["Кодове за възстановяване", "Recovery codes"],
  recovery_help: ["Запиши ги сега: показват се само веднъж. Всеки важи един път, ако загубиш телефона си.", "Write them down now: they are shown once. Each works once, should you lose your phone."],
  written_down: ["Записах ги", "I wrote them down"],
});
