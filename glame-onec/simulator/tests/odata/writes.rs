use glame_onec_simulator::Simulator;
use serde_json::{Value, json};

use crate::client::{BASIC, POINTS, Reply, get, send, small, text};

async fn write(base: &Simulator, method: &str, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    send(
        base,
        method,
        path,
        &[BASIC, ("Accept", "application/json")],
        &body,
    )
    .await
}

#[tokio::test]
async fn a_customer_is_created_changed_and_deleted() {
    let base = small().await;
    let long = "Ы".repeat(150);
    let made = write(
        &base,
        "POST",
        "Catalog_Контрагенты",
        &json!({ "Description": long, "Покупатель": true, "НетТакого": 1 }),
    )
    .await;
    assert_eq!(made.status, 201);
    let made_json = made.json();
    assert_eq!(
        text(&made_json, "Description").chars().count(),
        100,
        "cut without a word"
    );
    assert!(text(&made_json, "Code").starts_with("НФ-"));
    let key = format!("Catalog_Контрагенты(guid'{}')", text(&made_json, "Ref_Key"));
    assert!(
        made.header("location").unwrap().ends_with(&key),
        "raw UTF-8"
    );
    let changed = write(
        &base,
        "PATCH",
        &key,
        &json!({ "Description": "Примерова Анна" }),
    )
    .await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["Покупатель"], true);
    let (old, new) = (
        made_json["DataVersion"].clone(),
        changed.json()["DataVersion"].clone(),
    );
    assert_ne!(old, new);
    let same = write(&base, "PATCH", &key, &json!({})).await.json();
    assert_ne!(
        same["DataVersion"], new,
        "a write that changes nothing has a new version too"
    );
    assert_eq!(write(&base, "DELETE", &key, &Value::Null).await.status, 204);
    assert_eq!(get(&base, &key).await.error(), (404, "9".to_owned()));
}

#[tokio::test]
async fn bad_bodies_are_refused_or_swallowed_as_1c_does() {
    let base = small().await;
    let cards = "Catalog_ДисконтныеКарты";
    let broken = send(
        &base,
        "POST",
        cards,
        &[BASIC, ("Accept", "application/json")],
        "{",
    )
    .await;
    assert_eq!(broken.error(), (500, "-1".to_owned()));
    let bad = write(&base, "POST", cards, &json!({ "ВладелецКарты_Key": "x" })).await;
    assert_eq!(bad.error(), (400, "1".to_owned()));
    let own = json!({ "Ref_Key": "7a10c001-3f2b-11ef-8a01-0050569a0001", "КодКартыШтрихкод": "1" });
    assert_eq!(write(&base, "POST", cards, &own).await.status, 201);
    assert_eq!(
        write(&base, "POST", cards, &own).await.error(),
        (400, "15".to_owned())
    );
    let rows = "Document_ЧекККМ_Запасы";
    assert_eq!(
        write(&base, "POST", rows, &json!({})).await.error(),
        (400, "13".to_owned())
    );
    let product = write(
        &base,
        "POST",
        "Catalog_Номенклатура",
        &json!({ "СрокГодности": "мало" }),
    )
    .await;
    assert_eq!(
        (product.status, &product.json()["СрокГодности"]),
        (201, &json!("0"))
    );
    let numbered = |number: &str| json!({ "КонтактнаяИнформация": [{ "LineNumber": number }] });
    let people = "Catalog_Контрагенты";
    assert_eq!(
        write(&base, "POST", people, &numbered("2")).await.status,
        400
    );
    assert_eq!(
        write(&base, "POST", people, &numbered("1")).await.status,
        201
    );
    let missing = json!({ "КонтактнаяИнформация": [{}] });
    assert_eq!(write(&base, "POST", people, &missing).await.status, 500);
}

#[tokio::test]
async fn points_count_only_while_their_document_is_posted() {
    let base = small().await;
    let card = get(&base, "Catalog_ДисконтныеКарты?$top=1").await.rows()[0]["Ref_Key"].clone();
    let order = json!({
        "Date": "2026-03-02T10:00:00",
        "Комментарий": "sync-id 1",
        "НачисленияБонусов": [{
            "LineNumber": "1", "БонуснаяКарта_Key": card, "Количество": 100,
            "ДатаНачисления": "2026-03-02T00:00:00", "ДатаСгорания": "2026-09-02T00:00:00",
        }],
    });
    let set = "Document_НачислениеСписаниеБонусныхБаллов";
    let made = write(&base, "POST", set, &order).await;
    assert_eq!((made.status, &made.json()["Posted"]), (201, &json!(false)));
    let key = format!("{set}(guid'{}')", text(&made.json(), "Ref_Key"));
    let lines = format!("{POINTS}/$count?$filter=isof(Recorder,'{set}')");
    let count = |base| {
        let lines = lines.clone();
        async move {
            get(base, &lines)
                .await
                .text()
                .trim_start_matches('\u{feff}')
                .to_owned()
        }
    };
    assert_eq!(count(&base).await, "0");
    let posted = write(
        &base,
        "POST",
        &format!("{key}/Post?PostingModeOperational=false"),
        &Value::Null,
    )
    .await;
    assert_eq!(posted.status, 200);
    assert_eq!(
        count(&base).await,
        "2",
        "the points, and their burning written ahead"
    );
    assert_eq!(
        write(&base, "DELETE", &key, &Value::Null).await.error(),
        (500, "-1".to_owned())
    );
    write(&base, "POST", &format!("{key}/Unpost"), &Value::Null).await;
    assert_eq!(count(&base).await, "0");
    assert_eq!(write(&base, "DELETE", &key, &Value::Null).await.status, 204);
}

#[tokio::test]
async fn references_may_be_bound_by_their_url() {
    let base = small().await;
    let owner = get(
        &base,
        "Catalog_Контрагенты?$filter=IsFolder eq false&$top=1",
    )
    .await
    .rows()[0]["Ref_Key"]
        .clone();
    let bound = format!("Catalog_Контрагенты(guid'{}')", owner.as_str().unwrap());
    let card = json!({ "ВладелецКарты@odata.bind": bound });
    let made = write(&base, "POST", "Catalog_ДисконтныеКарты", &card)
        .await
        .json();
    assert_eq!(made["ВладелецКарты_Key"], owner);
}
