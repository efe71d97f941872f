// SPDX-License-Identifier: EUPL-1.2
/** Words of papers: report, sheet of dials, export: key: [Bulgarian, English]. */

import { addWords } from "../language.js";

addWords({
  papers_offline: ["Няма връзка. Документите се съставят на сървъра: опитай пак, когато има интернет.", "No connection. Papers are made on the server: try again once you are online."],
  papers_save: ["Изтегли PDF", "Download PDF"],
  papers_making: ["Съставя се…", "Being made…"],
  papers_saved: ["Готово: {name}", "Done: {name}"],
  papers_busy: ["Сега се съставят много документи. Опитай пак след малко.", "Many papers are being made now. Try again in a while."],
  papers_from: ["От", "From"],
  papers_to: ["До", "To"],
  papers_of: ["За", "Of"],
  papers_wrong_days: ["Последният ден трябва да е след първия.", "The last day has to come after the first."],
  papers_too_long: ["Всички отчети могат да се изтеглят най-много за една година наведнъж.", "All readings come a year at a time at most."],

  report_title: ["Месечен отчет", "Monthly report"],
  report_lead: ["Потребление по дни, цена по пера, показания и сигнали. На A4, за печат или за съседите.", "Use by day, cost line by line, registers and alerts. On A4, to print or for the neighbours."],
  report_month: ["Месец", "Month"],
  report_running: ["{month}, досега", "{month}, so far"],

  sheet_title: ["Самоотчет на водомерите", "Self-reading of the water meters"],
  sheet_lead: ["Показанията, както са на циферблата в избрания ден, с клиентските номера за Софийска вода.", "The registers as the dials showed them on that day, with the client numbers for Sofiyska Voda."],
  sheet_day: ["Към дата", "As of"],
  sheet_wrong_day: ["Избери ден до днес.", "Choose a day up to today."],
  number_lead: ["Клиентският номер е горе на фактурата. Без него мястото на листа остава празно.", "The client number is at the top of the invoice. Without it, its place on the sheet stays blank."],
  number_label: ["Клиентски номер: {name}", "Client number: {name}"],
  number_save: ["Запиши", "Save"],
  number_saved: ["Записано.", "Saved."],
  number_wrong: ["Само цифри, от 4 до 20.", "Digits only, 4 to 20 of them."],
  number_not_yours: ["Само собственикът на сградата го променя.", "Only the building's owner changes it."],
  number_no_supplier: ["Още не знаем кой е доставчикът. Попитай оператора.", "We don't know the supplier yet. Ask the operator."],

  export_title: ["Данни за таблица", "Data for a spreadsheet"],
  export_all: ["Цялата сграда", "The whole building"],
  export_what: ["Какво", "What"],
  export_hour: ["Потребление по часове", "Use by hour"],
  export_day: ["Потребление по дни", "Use by day"],
  export_month: ["Потребление по месеци", "Use by month"],
  export_readings: ["Всички отчети", "All readings"],
  export_format: ["Вид файл", "Kind of file"],
  export_csv: ["CSV, за Excel", "CSV, for a spreadsheet"],
  export_parquet: ["Parquet, за анализ", "Parquet, for analysis"],
  export_senml: ["SenML, за програми", "SenML, for programs"],
  export_save: ["Изтегли файла", "Download the file"],
  export_days: ["Последният ден влиза във файла.", "The last day is in the file."],
});
