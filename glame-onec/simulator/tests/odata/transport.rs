use glame_onec_simulator::{Published, Quirks, Simulator, SimulatorSettings};

use crate::client::{BASIC, SALES, exchange, get, send, small};

async fn with(quirks: Quirks) -> Simulator {
    Simulator::start(SimulatorSettings {
        quirks,
        ..SimulatorSettings::default()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_wrong_password_is_refused_before_odata_hears_of_it() {
    let base = small().await;
    let reply = send(
        &base,
        "GET",
        "Catalog_Контрагенты",
        &[("Authorization", "Basic eDp5")],
        "",
    )
    .await;
    assert_eq!(reply.status, 401);
    assert!(
        reply
            .header("www-authenticate")
            .unwrap()
            .starts_with("Basic realm=")
    );
    assert_eq!(reply.body, b"");
}

#[tokio::test]
async fn a_cyrillic_login_is_utf8() {
    let settings = SimulatorSettings {
        user: "Обмен".into(),
        ..SimulatorSettings::default()
    };
    let base = Simulator::start(settings).await.unwrap();
    let utf8 = ("Authorization", "Basic 0J7QsdC80LXQvTpvZGF0YQ==");
    assert_eq!(
        send(&base, "GET", "?$format=json", &[utf8], "")
            .await
            .status,
        200
    );
    let cp1251 = ("Authorization", "Basic zuHs5e06b2RhdGE=");
    assert_eq!(
        send(&base, "GET", "?$format=json", &[cp1251], "")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn without_a_wish_for_json_the_answer_is_xml() {
    let base = small().await;
    let feed = send(
        &base,
        "GET",
        "Catalog_СтруктурныеЕдиницы?$top=1",
        &[BASIC],
        "",
    )
    .await;
    assert!(
        feed.header("content-type")
            .unwrap()
            .starts_with("application/atom+xml;type=feed")
    );
    assert!(
        feed.text()
            .contains("<d:Description>Магазин на Примерной</d:Description>")
    );
    let error = send(&base, "GET", "Catalog_Нет", &[BASIC], "").await;
    assert_eq!(error.status, 404);
    assert!(error.text().contains("<m:code>8</m:code>"));
    let service = send(&base, "GET", "", &[BASIC], "").await;
    assert!(
        service
            .text()
            .contains("<collection href=\"Catalog_Контрагенты\">")
    );
}

#[tokio::test]
async fn the_service_document_lists_what_is_published() {
    let published = Published {
        unpublished_sets: [
            "Catalog_КассыККМ".to_owned(),
            "AccumulationRegister_Продажи".to_owned(),
        ]
        .into(),
        ..Published::default()
    };
    let settings = SimulatorSettings {
        published,
        ..SimulatorSettings::default()
    };
    let base = Simulator::start(settings).await.unwrap();
    let names: Vec<String> = get(&base, "?$format=json")
        .await
        .rows()
        .iter()
        .map(|set| set["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        names
            .iter()
            .any(|name| name == "Catalog_Контрагенты_КонтактнаяИнформация")
    );
    assert!(
        !names
            .iter()
            .any(|name| name == "Catalog_КассыККМ" || name == SALES)
    );
    assert_eq!(get(&base, SALES).await.error(), (404, "8".to_owned()));
    let edmx = get(&base, "$metadata").await;
    assert_eq!(edmx.header("content-type"), Some("application/xml"));
    assert!(!edmx.text().contains("EntitySet Name=\"Catalog_КассыККМ\""));
    let till = "NavigationProperty Name=\"КассаККМ\"";
    assert!(
        !edmx.text().contains(till),
        "links to unpublished sets are not shown"
    );
}

#[tokio::test]
async fn the_metadata_names_every_column_that_rows_have() {
    let base = small().await;
    let edmx = get(&base, "$metadata").await.text().to_owned();
    for set in ["Catalog_Контрагенты", "Document_ЧекККМ", SALES] {
        let start = edmx.find(&format!("<EntityType Name=\"{set}\"")).unwrap();
        let entity = &edmx[start..start + edmx[start..].find("</EntityType>").unwrap()];
        let row = &get(&base, &format!("{set}?$top=1")).await.rows()[0];
        for name in row
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| !name.contains('@'))
        {
            assert!(
                entity.contains(&format!("<Property Name=\"{name}\"")),
                "{set} {name}"
            );
        }
    }
    assert!(edmx.contains("<EntityType Name=\"AccumulationRegister_Продажи\" OpenType=\"true\">"));
    assert!(edmx.contains(
        "ReturnType=\"Collection(StandardODATA.AccumulationRegister_БонусныеБаллы_Balance)\""
    ));
}

#[tokio::test]
async fn paths_outside_of_the_base_are_html_404() {
    let base = small().await;
    let host = base.base_url()[7..].split('/').next().unwrap().to_owned();
    for path in [
        "/",
        "/a/sbm/1234567/ru/odata/standard.odata/",
        "/a/sbm/1234567/en/odata/standard.odata/",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let reply = exchange(&host, request.as_bytes()).await;
        assert_eq!(reply.status, 404);
        assert!(
            reply
                .header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
    }
}

#[tokio::test]
async fn quirks_change_the_bytes_and_not_the_rows() {
    let plain = get(&with(Quirks::default()).await, &format!("{SALES}?$top=50")).await;
    assert!(plain.header("content-length").is_some());
    let bom = get(
        &with(Quirks {
            bom: true,
            ..Quirks::default()
        })
        .await,
        &format!("{SALES}?$top=50"),
    )
    .await;
    assert!(bom.text().starts_with('\u{feff}'));
    assert_eq!(bom.rows(), plain.rows());
    let chunked = with(Quirks {
        chunked: true,
        ..Quirks::default()
    })
    .await;
    let chunked = get(&chunked, &format!("{SALES}?$top=50")).await;
    assert_eq!(chunked.header("transfer-encoding"), Some("chunked"));
    assert_eq!(chunked.rows(), plain.rows());
    let flat = with(Quirks {
        pretty_json: false,
        ..Quirks::default()
    })
    .await;
    let flat = get(&flat, &format!("{SALES}?$top=50")).await;
    assert!(!flat.text().contains('\n') && plain.text().contains('\n'));
    assert_eq!(flat.rows(), plain.rows());
}

#[tokio::test]
async fn bodies_are_compressed_only_for_those_who_accept_it() {
    use std::io::Read;
    let base = with(Quirks {
        gzip: true,
        ..Quirks::default()
    })
    .await;
    let path = format!("{SALES}?$top=50");
    let plain = get(&base, &path).await;
    assert_eq!(plain.header("content-encoding"), None);
    let headers = [
        BASIC,
        ("Accept", "application/json"),
        ("Accept-Encoding", "gzip"),
    ];
    let packed = send(&base, "GET", &path, &headers, "").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice())
        .read_to_end(&mut body)
        .unwrap();
    assert_eq!(body, plain.body);
}

#[tokio::test]
async fn a_page_without_top_is_everything_in_one_stream() {
    let base = small().await;
    let reply = get(&base, SALES).await;
    assert!(reply.complete);
    assert_eq!(reply.rows().len(), 1_000);
    assert!(
        reply.body.len() > 1 << 20,
        "longer than what is made at once"
    );
}

#[tokio::test]
async fn iis_refuses_long_path_segments_in_html() {
    let base = with(Quirks {
        iis_segment_limit: true,
        ..Quirks::default()
    })
    .await;
    let long = "x".repeat(300);
    let path = format!("AccumulationRegister_БонусныеБаллы/Balance(Condition='{long}')");
    let reply = get(&base, &path).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("Bad Request - Invalid URL"));
}

#[tokio::test]
async fn requests_are_counted_for_each_set() {
    let base = small().await;
    get(&base, "Catalog_Контрагенты?$top=1").await;
    get(&base, "Catalog_Контрагенты/$count").await;
    get(&base, "$metadata").await;
    assert_eq!(base.requests(), 3);
    assert_eq!(base.requests_by_set()["Catalog_Контрагенты"], 2);
}

#[tokio::test]
async fn a_session_lives_by_its_cookie_until_it_is_finished() {
    let base = small().await;
    let json = ("Accept", "application/json");
    let begun = send(&base, "GET", "", &[BASIC, json, ("IBSession", "start")], "").await;
    let cookie = begun.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("ibsession="));
    let known = [BASIC, json, ("Cookie", &cookie)];
    assert_eq!(send(&base, "GET", "", &known, "").await.status, 200);
    let last = [BASIC, json, ("Cookie", &cookie), ("IBSession", "finish")];
    assert_eq!(send(&base, "GET", "", &last, "").await.status, 200);
    let stale = send(&base, "GET", "", &known, "").await;
    assert_eq!(stale.status, 406);
    assert!(stale.text().contains("reason=\"406\""));
    assert_eq!(
        get(&base, "").await.status,
        200,
        "without the cookie all is well"
    );
}

#[tokio::test]
async fn renamed_fields_are_known_only_by_their_new_names() {
    let renamed = [("Сумма".to_owned(), "СуммаПродажи".to_owned())].into();
    let published = Published {
        renamed_fields: [(SALES.to_owned(), renamed)].into(),
        ..Published::default()
    };
    let settings = SimulatorSettings {
        published,
        ..SimulatorSettings::default()
    };
    let base = Simulator::start(settings).await.unwrap();
    let old = get(&base, &format!("{SALES}?$select=Сумма")).await;
    assert_eq!(old.error(), (400, "6".to_owned()));
    let new = get(&base, &format!("{SALES}?$top=1&$select=СуммаПродажи")).await;
    assert!(new.rows()[0]["СуммаПродажи"].is_number());
    let edmx = get(&base, "$metadata").await;
    assert!(edmx.text().contains("<Property Name=\"СуммаПродажи\""));
}

#[tokio::test]
async fn recorders_that_are_not_published_are_hidden_behind_a_guid() {
    let published = Published {
        unpublished_sets: ["Document_ЧекККМ".to_owned()].into(),
        ..Published::default()
    };
    let settings = SimulatorSettings {
        published,
        ..SimulatorSettings::default()
    };
    let base = Simulator::start(settings).await.unwrap();
    let row = &get(&base, &format!("{SALES}?$top=1")).await.rows()[0];
    let kind = row["Recorder_Type"].as_str().unwrap();
    assert!(
        kind.starts_with("UnavailableEntities.UnavailableEntity_"),
        "{kind}"
    );
}

#[test]
fn a_simulator_can_be_shared_between_threads() {
    const fn shared<T: Send + Sync + 'static>() {}
    shared::<Simulator>();
}
