use std::collections::BTreeSet;

use glame_onec_simulator::{BaseSettings, InlineCount, Quirks, Simulator, SimulatorSettings};
use serde_json::Value;

use crate::client::{CARD_SALES, POINTS, SALES, get, small, start, text};

const CARDS: &str = "Catalog_ДисконтныеКарты";

fn ids(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| text(row, name).to_owned()).collect()
}

async fn quirky(quirks: Quirks) -> Simulator {
    Simulator::start(SimulatorSettings {
        base: BaseSettings::Generated {
            customers: 60,
            lines: 1_000,
            seed: 5,
        },
        quirks,
        ..SimulatorSettings::default()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn values_have_the_forms_of_1c() {
    let base = small().await;
    let row = &get(&base, &format!("{SALES}?$top=1")).await.rows()[0];
    assert_eq!(row["LineNumber"], "1", "an Int64 is a string");
    assert!(row["Сумма"].is_number() && row["Количество"].is_number());
    assert_eq!(row["Документ_Type"], "StandardODATA.Document_ЧекККМ");
    let zero = "00000000-0000-0000-0000-000000000000";
    assert_eq!(row["Проект_Key"], zero);
    assert!(row.get("Проект@navigationLinkUrl").is_none());
    assert!(text(row, "Номенклатура@navigationLinkUrl").ends_with("LineNumber=1)/Номенклатура"));
    let folder = &get(&base, "Catalog_Контрагенты?$filter=IsFolder eq true&$top=1")
        .await
        .rows()[0];
    assert_eq!(folder["ДатаРождения"], "0001-01-01T00:00:00");
    assert_eq!(folder["Пол"], "");
}

#[tokio::test]
async fn the_three_levels_of_metadata_differ_as_documented() {
    let base = small().await;
    let at = |level: &str| format!("{CARDS}?$top=1&$format=application/json;odata={level}");
    let none = get(&base, &at("nometadata")).await.json();
    assert!(none.get("odata.metadata").is_none());
    assert!(
        none["value"][0]
            .as_object()
            .unwrap()
            .keys()
            .all(|name| !name.contains('@'))
    );
    let full = get(&base, &at("fullmetadata")).await.json();
    assert_eq!(
        full["value"][0]["odata.type"],
        format!("StandardODATA.{CARDS}")
    );
    assert_eq!(full["value"][0]["Ref_Key@odata.type"], "Edm.Guid");
    let minimal = get(&base, &at("minimalmetadata")).await.json();
    let metadata = format!("{}/$metadata#{CARDS}", base.base_url());
    assert_eq!(minimal["odata.metadata"], metadata);
}

#[tokio::test]
async fn select_takes_columns_parts_presentations_and_stars() {
    let base = small().await;
    let first = |select: &str| {
        format!(
            "Catalog_Контрагенты?$filter=IsFolder eq false&$top=1&$format=application/json;odata=nometadata&$select={select}"
        )
    };
    let names =
        |row: &Value| -> BTreeSet<String> { row.as_object().unwrap().keys().cloned().collect() };
    let row = get(&base, &first("Ref_Key,Code")).await.rows().remove(0);
    assert_eq!(names(&row), ["Code", "Ref_Key"].map(str::to_owned).into());
    let row = get(&base, &first("Code,КонтактнаяИнформация/НомерТелефона"))
        .await
        .rows()
        .remove(0);
    let contact = &row["КонтактнаяИнформация"][0];
    assert_eq!(names(contact), ["НомерТелефона"].map(str::to_owned).into());
    let row = get(&base, &first("**")).await.rows().remove(0);
    assert!(row.get("КонтактнаяИнформация").is_none() && row.get("ИНН").is_some());
    let row = get(&base, &first("*")).await.rows().remove(0);
    assert!(row.get("КонтактнаяИнформация").is_some());
    let card = get(
        &base,
        &format!("{CARDS}?$top=1&$select=Presentation,ВладелецКарты____Presentation"),
    )
    .await
    .rows()
    .remove(0);
    assert!(text(&card, "Presentation").ends_with(text(&card, "ВладелецКарты____Presentation")));
}

#[tokio::test]
async fn expand_shows_the_object_or_null() {
    let base = small().await;
    let rows = get(&base, &format!("{CARDS}?$expand=ВладелецКарты"))
        .await
        .rows();
    for row in &rows {
        let owner = &row["ВладелецКарты"];
        if text(row, "ВладелецКарты_Key").starts_with("00000000") {
            assert!(owner.is_null());
        } else {
            assert_eq!(owner["Ref_Key"], row["ВладелецКарты_Key"]);
        }
    }
    assert!(rows.iter().any(|row| row["ВладелецКарты"].is_null()));
}

#[tokio::test]
async fn objects_lines_and_record_sets_are_found_by_key() {
    let base = small().await;
    let line = get(&base, &format!("{SALES}?$top=1&$filter=LineNumber eq 2"))
        .await
        .rows()
        .remove(0);
    let (recorder, kind) = (text(&line, "Recorder"), text(&line, "Recorder_Type"));
    let key = format!("Recorder='{recorder}',Recorder_Type='{kind}'");
    let same = get(&base, &format!("{SALES}({key},LineNumber=2)"))
        .await
        .json();
    assert_eq!(same["Сумма"], line["Сумма"]);
    let set = get(&base, &format!("AccumulationRegister_Продажи({key})"))
        .await
        .json();
    assert_eq!(set["RecordSet"][1]["Сумма"], line["Сумма"]);
    assert!(text(&set, "odata.metadata").ends_with("#AccumulationRegister_Продажи/@Element"));
    let document = get(&base, &format!("Document_ЧекККМ(guid'{recorder}')"))
        .await
        .json();
    assert_eq!(document["Запасы"][1]["Сумма"], line["Сумма"]);
    let goods = format!("Document_ЧекККМ_Запасы(Ref_Key=guid'{recorder}',LineNumber=2)");
    assert_eq!(get(&base, &goods).await.json()["Сумма"], line["Сумма"]);
    let product = get(&base, &format!("{SALES}({key},LineNumber=2)/Номенклатура"))
        .await
        .json();
    assert_eq!(product["Ref_Key"], line["Номенклатура_Key"]);
}

#[tokio::test]
async fn windows_cut_time_exactly_and_lose_nothing() {
    let base = small().await;
    for set in [SALES, CARD_SALES, POINTS] {
        let all = get(&base, set).await.rows();
        let middle = "2024-06-01T00:00:00";
        let mut parts = Vec::new();
        for filter in [
            format!("Period lt datetime'{middle}'"),
            format!("Period ge datetime'{middle}'"),
        ] {
            let order = "Period,Recorder,LineNumber";
            let rows = get(&base, &format!("{set}?$filter={filter}&$orderby={order}"))
                .await
                .rows();
            let periods = ids(&rows, "Period");
            assert!(periods.is_sorted(), "{set}");
            parts.extend(rows);
        }
        assert_eq!(parts.len(), all.len(), "{set}");
    }
}

#[tokio::test]
async fn pages_by_a_complete_key_give_every_row_once() {
    let base = quirky(Quirks {
        unstable_order: true,
        ..Quirks::default()
    })
    .await;
    for (set, order) in [
        (SALES, "Period,Recorder,LineNumber"),
        (CARDS, "Code"),
        (
            "Catalog_Контрагенты_КонтактнаяИнформация",
            "Ref_Key,LineNumber",
        ),
    ] {
        let mut seen = BTreeSet::new();
        let mut skip = 0;
        loop {
            let page = format!("{set}?$orderby={order}&$top=70&$skip={skip}");
            let rows = get(&base, &page).await.rows();
            if rows.is_empty() {
                break;
            }
            skip += rows.len();
            let subject = if set == SALES { "Recorder" } else { "Ref_Key" };
            seen.extend(rows.iter().map(|row| {
                (
                    text(row, subject).to_owned(),
                    row["LineNumber"].as_str().unwrap_or("").to_owned(),
                )
            }));
        }
        let count = get(&base, &format!("{set}/$count")).await;
        assert_eq!(count.text(), format!("\u{feff}{}", seen.len()), "{set}");
    }
}

#[tokio::test]
async fn without_an_order_two_readings_may_differ() {
    let base = quirky(Quirks {
        unstable_order: true,
        ..Quirks::default()
    })
    .await;
    for set in [SALES, CARDS, POINTS, "Document_ЧекККМ"] {
        let key = if set.starts_with("Acc") {
            "Recorder"
        } else {
            "Ref_Key"
        };
        let mut readings = Vec::new();
        for _ in 0..2 {
            readings.push(ids(&get(&base, set).await.rows(), key));
        }
        assert_ne!(readings[0], readings[1], "{set}");
        for reading in &mut readings {
            reading.sort();
        }
        assert_eq!(
            readings[0], readings[1],
            "{set}: the same rows, in another order"
        );
    }
}

#[tokio::test]
async fn ref_key_sorts_by_what_the_object_is_called() {
    let base = small().await;
    let rows = get(&base, "Catalog_Контрагенты?$orderby=Ref_Key")
        .await
        .rows();
    let names = ids(&rows, "Description");
    assert!(names.is_sorted());
    assert!(!ids(&rows, "Ref_Key").is_sorted());
}

#[tokio::test]
async fn record_sets_ignore_the_order_and_count_recorders() {
    let base = small().await;
    let set = "AccumulationRegister_Продажи";
    let plain = ids(
        &get(&base, &format!("{set}?$top=7")).await.rows(),
        "Recorder",
    );
    assert_eq!(plain.len(), 7);
    let ordered = get(&base, &format!("{set}?$top=7&$orderby=Recorder desc"))
        .await
        .rows();
    assert_eq!(ids(&ordered, "Recorder"), plain);
}

#[tokio::test]
async fn inlinecount_has_both_of_its_reported_behaviours() {
    let path = format!("{CARDS}?$top=1&$inlinecount=allpages");
    let documented = get(&small().await, &path).await.json();
    let count: usize = text(&documented, "odata.count").parse().unwrap();
    assert_eq!(documented["value"].as_array().unwrap().len(), count);
    let live = quirky(Quirks {
        inlinecount: InlineCount::Live,
        ..Quirks::default()
    })
    .await;
    let live = get(&live, &path).await.json();
    assert_eq!(live["value"].as_array().unwrap().len(), 1);
    assert_eq!(live["odata.count"], count.to_string());
}

#[tokio::test]
async fn lists_of_keys_are_looked_up_in_any_size_of_base() {
    let base = start(BaseSettings::Generated {
        customers: 200_000,
        lines: 0,
        seed: 9,
    })
    .await;
    let rows = get(&base, "Catalog_Контрагенты?$top=30&$skip=150000")
        .await
        .rows();
    let wanted = ids(&rows, "Ref_Key");
    let filter: Vec<String> = wanted
        .iter()
        .map(|id| format!("Ref_Key eq guid'{id}'"))
        .collect();
    let path = format!(
        "Catalog_Контрагенты?$select=Ref_Key&$filter={}",
        filter.join(" or ")
    );
    assert_eq!(ids(&get(&base, &path).await.rows(), "Ref_Key"), wanted);
}

#[tokio::test]
async fn balances_follow_from_the_lines_up_to_their_period() {
    let base = small().await;
    let at = "2024-09-01T12:00:00";
    let balance = format!("AccumulationRegister_БонусныеБаллы/Balance?Period=datetime'{at}'");
    let rows = get(&base, &balance).await.rows();
    assert!(!rows.is_empty());
    let expected = base.oracle().bonus_balances(at.parse().unwrap());
    let mut known = 0;
    for row in &rows {
        let card = text(row, "БонуснаяКарта_Key").parse().unwrap();
        let points = crate::client::kopecks(&row["НачисленоBalance"])
            - crate::client::kopecks(&row["КСписаниюBalance"]);
        // Points that were given and have burnt leave two equal figures.
        assert_eq!(points, expected.get(&card).copied().unwrap_or(0));
        known += usize::from(points != 0);
    }
    assert_eq!(known, expected.len());
    let card = text(&rows[0], "БонуснаяКарта_Key");
    for condition in [
        format!("'БонуснаяКарта_Key eq guid''{card}'''"),
        format!("'БонуснаяКарта_Key eq guid'{card}''"),
    ] {
        let one = get(&base, &format!("{balance}&Condition={condition}"))
            .await
            .rows();
        assert_eq!(one, [rows[0].clone()], "{condition}");
    }
}

#[tokio::test]
async fn turnovers_of_a_day_equal_its_lines() {
    let base = small().await;
    let (from, to) = ("2024-03-01T00:00:00", "2024-03-31T23:59:59");
    let path = format!(
        "AccumulationRegister_Продажи/Turnovers(StartPeriod=datetime'{from}',EndPeriod=datetime'{to}',Dimensions='Контрагент')"
    );
    let turnovers = get(&base, &path).await.rows();
    let filter = format!("Period ge datetime'{from}' and Period le datetime'{to}'");
    let lines = get(&base, &format!("{SALES}?$filter={filter}"))
        .await
        .rows();
    let sum = |rows: &[Value], name: &str| -> i64 {
        rows.iter()
            .map(|row| crate::client::kopecks(&row[name]))
            .sum()
    };
    assert!(!turnovers.is_empty());
    assert_eq!(sum(&turnovers, "СуммаTurnover"), sum(&lines, "Сумма"));
}

#[tokio::test]
async fn documents_are_read_in_windows_of_their_date() {
    let base = small().await;
    let (from, to) = ("2024-02-01T00:00:00", "2024-05-01T00:00:00");
    let filter = format!("Date ge datetime'{from}' and Date lt datetime'{to}' and Posted eq true");
    let mut lines = 0;
    for set in [
        "Document_ЧекККМ",
        "Document_ЧекККМВозврат",
        "Document_РасходнаяНакладная",
    ] {
        let path = format!("{set}?$filter={filter}&$orderby=Date,Ref_Key");
        let rows = get(&base, &path).await.rows();
        assert!(ids(&rows, "Date").is_sorted());
        lines += rows
            .iter()
            .map(|row| row["Запасы"].as_array().unwrap().len())
            .sum::<usize>();
    }
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    let register = glame_onec_simulator::SalesRegister::Sales;
    let known = base.oracle().totals_between(register, from, to).all.lines;
    assert_eq!(u64::try_from(lines).unwrap(), known);
    let report = get(&base, "Document_ОтчетОРозничныхПродажах").await.rows();
    assert!(report.is_empty(), "no shift is closed yet");
}
