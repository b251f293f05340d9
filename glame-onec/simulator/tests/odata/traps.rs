use std::collections::BTreeSet;

use glame_onec_simulator::{BaseSettings, Simulator, SimulatorSettings};
use uuid::Uuid;

use crate::client::{CARD_SALES, SALES, get, send, small, text};

const GUID: &str = "7a10c001-3f2b-11ef-8a01-0050569a0001";

async fn asked(base: &Simulator, set: &str, option: &str) -> (u16, String) {
    let reply = get(base, &format!("{set}?{option}")).await;
    if reply.status == 200 {
        (200, reply.rows().len().to_string())
    } else {
        reply.error()
    }
}

#[tokio::test]
async fn every_trap_of_filters_answers_as_1c_does() {
    let base = small().await;
    let cards = "Catalog_ДисконтныеКарты";
    let set = "AccumulationRegister_Продажи";
    for (set, filter, status, code) in [
        // Syntax.
        (SALES, "Period ge 2025-03-01T00:00:00".into(), 400, "14"),
        (
            SALES,
            "Period+ge+datetime'2025-03-01T00:00:00'".into(),
            400,
            "14",
        ),
        (SALES, "Code in ('a')".into(), 400, "14"),
        (cards, format!("Ref_Key eq {GUID}"), 400, "14"),
        // Names.
        (cards, "КодШтрихкода eq 'x'".into(), 400, "6"),
        (
            set,
            "Period ge datetime'2025-03-01T00:00:00'".into(),
            400,
            "6",
        ),
        (
            set,
            "RecordSet/Period ge datetime'2025-03-01T00:00:00'".into(),
            500,
            "-1",
        ),
        // Functions.
        (cards, "length(Code) eq 9".into(), 400, "21"),
        (cards, "tolower(Code) eq 'x'".into(), 400, "21"),
        // Comparisons.
        (cards, format!("Ref_Key gt guid'{GUID}'"), 500, "-1"),
        (cards, "Комментарий eq 'x'".into(), 500, "-1"),
        (cards, "Code eq 1".into(), 500, "-1"),
        (SALES, format!("Recorder eq guid'{GUID}'"), 500, "-1"),
        // Lies: no error, and no rows.
        (SALES, format!("Recorder eq '{GUID}'"), 200, "0"),
        (SALES, format!("Документ eq guid'{GUID}'"), 200, "0"),
    ] {
        let got = asked(&base, set, &format!("$filter={filter}")).await;
        assert_eq!(got, (status, code.to_owned()), "{set} {filter}");
    }
}

#[tokio::test]
async fn options_and_names_that_are_not_there_have_their_codes() {
    let base = small().await;
    for (path, status, code) in [
        ("Catalog_Нет", 404, "8"),
        ("Catalog_ДисконтныеКарты?$expan=x", 400, "0"),
        ("Catalog_ДисконтныеКарты?$select=Нет", 400, "6"),
        ("Catalog_ДисконтныеКарты?$orderby=Нет", 400, "6"),
        ("Catalog_ДисконтныеКарты?$top=x", 400, "14"),
        ("Catalog_ДисконтныеКарты/Нет", 400, "6"),
        ("AccumulationRegister_Продажи/Balance()", 400, "6"),
        (
            "AccumulationRegister_Продажи_RecordType/Turnovers",
            400,
            "6",
        ),
    ] {
        assert_eq!(
            get(&base, path).await.error(),
            (status, code.to_owned()),
            "{path}"
        );
    }
    let unknown = format!("Catalog_ДисконтныеКарты(guid'{GUID}')");
    assert_eq!(get(&base, &unknown).await.error(), (404, "9".to_owned()));
    let incomplete = format!("{SALES}(Recorder='{GUID}',LineNumber=1)");
    assert_eq!(get(&base, &incomplete).await.error(), (400, "7".to_owned()));
    let deleted = send(
        &base,
        "DELETE",
        SALES,
        &[crate::client::BASIC, ("Accept", "application/json")],
        "",
    )
    .await;
    assert_eq!(deleted.error(), (405, "19".to_owned()));
}

#[tokio::test]
async fn error_bodies_are_spread_over_lines_and_name_the_segment() {
    let base = small().await;
    let reply = get(&base, "Catalog_ДисконтныеКарты?$select=КодШтрихкода").await;
    assert_eq!(
        reply.text(),
        "{\n\"odata.error\": {\n\"code\": \"6\",\n\"message\": {\n\"lang\": \"ru\",\n\
         \"value\": \"Сегмент пути КодШтрихкода не найден!\"\n}\n}\n}"
    );
    assert_eq!(
        reply.header("content-type"),
        Some("application/json;charset=utf-8")
    );
}

#[tokio::test]
async fn composite_columns_are_compared_through_cast_and_isof() {
    let base = small().await;
    let line = &get(&base, &format!("{CARD_SALES}?$top=1&$orderby=Period desc"))
        .await
        .rows()[0];
    let (recorder, kind) = (text(line, "Recorder"), text(line, "Recorder_Type"));
    let set = kind.strip_prefix("StandardODATA.").unwrap();
    let filter = format!("$filter=Recorder eq cast(guid'{recorder}','{set}')");
    let found = get(&base, &format!("{CARD_SALES}?{filter}")).await.rows();
    assert!(!found.is_empty() && found.iter().all(|row| row["Recorder"] == line["Recorder"]));
    let wrong = format!("$filter=Recorder eq cast(guid'{recorder}','Document_ПриходнаяНакладная')");
    assert_eq!(
        asked(&base, CARD_SALES, &wrong).await,
        (200, "0".to_owned())
    );
    let returns = "$filter=isof(Recorder,'Document_ЧекККМВозврат')&$top=5";
    let returns = get(&base, &format!("{SALES}?{returns}")).await.rows();
    assert!(
        returns
            .iter()
            .all(|row| text(row, "Recorder_Type").ends_with("ЧекККМВозврат"))
    );
    assert!(!returns.is_empty());
}

#[tokio::test]
async fn record_sets_are_filtered_only_through_their_lines() {
    let base = small().await;
    let filter = "RecordSet/any(r: r/Period ge datetime'2024-01-01T00:00:00' and \
                  r/Period lt datetime'2024-02-01T00:00:00')";
    let sets = get(
        &base,
        &format!("AccumulationRegister_Продажи?$filter={filter}"),
    )
    .await
    .rows();
    assert!(!sets.is_empty());
    for set in &sets {
        for line in set["RecordSet"].as_array().unwrap() {
            assert!(text(line, "Period").starts_with("2024-01"));
        }
    }
}

#[tokio::test]
async fn hidden_rows_are_an_error_unless_only_allowed_ones_are_asked_for() {
    let open = small().await;
    let rows = get(&open, "Catalog_ДисконтныеКарты?$orderby=Code")
        .await
        .rows();
    let hidden: Uuid = text(&rows[3], "Ref_Key").parse().unwrap();
    let base = Simulator::start(SimulatorSettings {
        base: BaseSettings::Generated {
            customers: 60,
            lines: 1_000,
            seed: 5,
        },
        hidden: BTreeSet::from([hidden]),
        ..SimulatorSettings::default()
    })
    .await
    .unwrap();
    let all = get(&base, "Catalog_ДисконтныеКарты").await;
    assert_eq!(all.error(), (401, "20".to_owned()));
    let allowed = get(&base, "Catalog_ДисконтныеКарты?allowedOnly=true")
        .await
        .rows();
    assert_eq!(allowed.len(), rows.len() - 1);
    let one = get(&base, &format!("Catalog_ДисконтныеКарты(guid'{hidden}')")).await;
    assert_eq!(one.error(), (401, "20".to_owned()));
}
