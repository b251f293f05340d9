//! What travels: logins, pages, faults and repeats.

use std::sync::Arc;

use glame_core::ports::{SalesSource, SourceError};
use glame_onec::{OnecSource, SessionReuse};

use crate::log::Log;
use crate::scripted_server::{Reply, ScriptedServer};

const CARD: &str = r#"{"value": [{"Ref_Key": "7a10c001-3f2b-11ef-8a01-0050569a0001",
    "DeletionMark": false, "КодКартыШтрихкод": "2900000001017",
    "ВладелецКарты_Key": "00000000-0000-0000-0000-000000000000"}]}"#;

type MakeReply = Arc<dyn Fn() -> Reply + Send + Sync>;

fn odata_error(code: &str, text: &str) -> String {
    format!(
        r#"{{"odata.error": {{"code": "{code}", "message": {{"lang": "ru", "value": "{text}"}}}}}}"#
    )
}

/// Answers the first requests with one thing and the rest with a card.
async fn first(count: usize, reply: impl Fn() -> Reply + Send + Sync + 'static) -> ScriptedServer {
    ScriptedServer::start(move |_, number| {
        if number < count {
            reply()
        } else {
            Reply::json(CARD)
        }
    })
    .await
}

#[tokio::test]
async fn a_page_is_asked_for_as_1c_reads_it() {
    let server = first(0, Reply::empty_page).await;
    let page = server.source().cards(None).await.unwrap();
    assert_eq!((page.items.len(), page.requests), (1, 1));
    let request = &server.requests()[0];
    assert!(request.target.starts_with(
        "/a/sbm/1/odata/standard.odata/Catalog_%D0%94%D0%B8%D1%81%D0%BA%D0%BE%D0%BD%D1%82%D0%BD%D1%8B%D0%B5\
         %D0%9A%D0%B0%D1%80%D1%82%D1%8B?$format=application/json"
    ));
    assert!(!request.target.contains(['+', ' ']));
    let head = request.head.to_lowercase();
    assert!(
        head.contains("authorization: basic 0j7qsdc80lxqvtpodxnolwh1c2g="),
        "{head}"
    );
    assert!(head.contains("accept-encoding: gzip"));
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_the_page() {
    let server = ScriptedServer::start(|_, _| Reply::json(format!("\u{feff}{CARD}"))).await;
    assert_eq!(server.source().cards(None).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_refused_login_is_tried_once_only() {
    let server = ScriptedServer::start(|_, _| Reply::status(401)).await;
    let error = server.source().cards(None).await.unwrap_err();
    assert!(matches!(&error, SourceError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("login refused"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn missing_rights_are_no_refused_login() {
    let body = odata_error("20", "Нарушение прав доступа");
    let server = ScriptedServer::start(move |_, _| Reply::Answer(401, vec![], body.clone())).await;
    let error = server.source().cards(None).await.unwrap_err();
    assert!(error.to_string().contains("rights refused"), "{error}");
    assert!(error.to_string().contains("Дисконтные карты"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn faults_that_pass_are_borne() {
    let html = "<html><body>Идут технические работы</body></html>";
    let replies: Vec<(&str, MakeReply)> = vec![
        (
            "429",
            Arc::new(|| Reply::Answer(429, vec![("Retry-After", "0".to_owned())], String::new())),
        ),
        ("502", Arc::new(|| Reply::status(502))),
        (
            "503 html",
            Arc::new(move || Reply::Answer(503, vec![], html.to_owned())),
        ),
        ("504", Arc::new(|| Reply::status(504))),
        (
            "maintenance",
            Arc::new(move || Reply::Answer(200, vec![], html.to_owned())),
        ),
        (
            "licence",
            Arc::new(|| Reply::Answer(500, vec![], "Не обнаружено свободной лицензии!".to_owned())),
        ),
        ("reset", Arc::new(|| Reply::Broken(Vec::new()))),
        (
            "reset in the body",
            Arc::new(|| {
                Reply::Broken(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"value\": [".to_vec(),
                )
            }),
        ),
        (
            "truncated",
            Arc::new(|| Reply::json(&CARD[..CARD.len() / 2])),
        ),
        (
            "no value",
            Arc::new(|| Reply::json("{\"odata.metadata\": \"x\"}")),
        ),
        (
            "internal",
            Arc::new(|| Reply::Answer(500, vec![], odata_error("-1", "Внутренняя ошибка"))),
        ),
    ];
    for (name, reply) in replies {
        let server = first(1, move || reply()).await;
        let page = server.source().cards(None).await.unwrap();
        assert_eq!((page.items.len(), page.requests), (1, 2), "{name}");
        let requests = server.requests();
        assert_eq!(
            requests[0].target, requests[1].target,
            "{name}: the page does not shrink"
        );
    }
}

#[tokio::test]
async fn faults_that_stay_are_reported_as_temporary() {
    let server = ScriptedServer::start(|_, _| Reply::status(503)).await;
    let error = server.source().cards(None).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn an_answer_without_a_list_is_never_an_empty_page() {
    for body in ["{\"odata.metadata\": \"x\"}", "{}", "[]", "<feed></feed>"] {
        let server = ScriptedServer::start(move |_, _| Reply::json(body)).await;
        let error = server.source().cards(None).await.unwrap_err();
        assert!(
            matches!(&error, SourceError::Unexpected { .. }),
            "{body}: {error}"
        );
    }
}

#[tokio::test]
async fn a_stalled_page_is_asked_for_again_with_fewer_rows() {
    let stalled =
        || Reply::Stalled(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"value\": [".to_vec());
    let server = first(1, stalled).await;
    assert_eq!(server.source().cards(None).await.unwrap().items.len(), 1);
    let requests = server.requests();
    assert!(
        requests[0].target.contains("$top=1000"),
        "{}",
        requests[0].target
    );
    assert!(
        requests[1].target.contains("$top=500"),
        "{}",
        requests[1].target
    );
}

#[tokio::test]
async fn an_endless_answer_stops_at_the_limit() {
    let server = ScriptedServer::start(|_, _| Reply::Endless).await;
    let mut settings = server.settings();
    settings.max_page_bytes = 100_000;
    let error = OnecSource::open(settings)
        .unwrap()
        .cards(None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("max_page_bytes"), "{error}");
}

#[tokio::test]
async fn the_login_never_goes_to_another_origin() {
    let thief = ScriptedServer::start(|_, _| Reply::json(CARD)).await;
    let target = format!("{}/login?secret=1", thief.origin());
    let location = target.clone();
    let server = ScriptedServer::start(move |_, _| {
        Reply::Answer(302, vec![("Location", location.clone())], String::new())
    })
    .await;
    let error = server.source().cards(None).await.unwrap_err();
    assert!(error.to_string().contains(&thief.origin()), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(thief.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_inside_the_origin_is_followed() {
    let server = ScriptedServer::start(|request, _| {
        if request.target.starts_with("/new/") {
            Reply::json(CARD)
        } else {
            Reply::Answer(
                301,
                vec![("Location", "/new/Catalog".to_owned())],
                String::new(),
            )
        }
    })
    .await;
    assert_eq!(server.source().cards(None).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn calls_to_a_base_never_overlap() {
    let server = first(0, Reply::empty_page).await;
    let source = Arc::new(server.source());
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let source = Arc::clone(&source);
            tokio::spawn(async move { source.cards(None).await.unwrap() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!((server.requests().len(), server.most_at_once()), (8, 1));
}

#[tokio::test]
async fn a_session_that_has_ended_is_started_anew_once() {
    let stale = "<exception xmlns=\"http://v8.1c.ru/8.2/virtual-resource-system\" reason=\"406\">\
                 <descr>Истекло время ожидания сеанса</descr></exception>";
    let server = ScriptedServer::start(move |_, number| match number {
        1 => Reply::Answer(406, vec![], stale.to_owned()),
        _ => Reply::Answer(
            200,
            vec![("Set-Cookie", format!("ibsession=s{number}; path=/"))],
            CARD.to_owned(),
        ),
    })
    .await;
    let mut settings = server.settings();
    settings.session_reuse = SessionReuse::Explicit;
    let source = OnecSource::open(settings).unwrap();
    source.cards(None).await.unwrap();
    source.cards(None).await.unwrap();
    source.close().await;
    let heads: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.head.to_lowercase())
        .collect();
    assert!(heads[0].contains("ibsession: start"));
    assert!(heads[1].contains("cookie: ibsession=s0") && !heads[1].contains("ibsession: start"));
    assert!(heads[2].contains("ibsession: start") && !heads[2].contains("cookie:"));
    assert!(heads[3].contains("cookie: ibsession=s2") && heads[3].contains("ibsession: finish"));
}

#[tokio::test]
async fn nothing_secret_or_personal_is_logged_or_shown() {
    let log = Log::default();
    let guard = log.listen();
    let secret = odata_error(
        "-1",
        "Контрагент Примерова Анна, +79990000001, карта 2900000001017",
    );
    let page = "{\"value\": [{\"Ref_Key\": \"Примерова Анна\", \"DeletionMark\": 5}]}";
    let server = ScriptedServer::start(move |_, number| match number {
        0..6 => Reply::Answer(500, vec![], secret.clone()),
        _ => Reply::json(page),
    })
    .await;
    let source = server.source();
    let error = source.cards(None).await.unwrap_err();
    let page = source.cards(None).await.unwrap();
    drop(guard);
    assert_eq!(page.rejected.len(), 1);
    let written = log.text();
    assert!(
        written.contains("internal"),
        "the fault itself is logged: {written}"
    );
    let shown = format!("{written} {error} {error:?} {:?} {source:?}", page.rejected);
    for secret in [
        "Примерова",
        "79990000001",
        "2900000001017",
        "hush-hush",
        "0J7QsdC80LXQv",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
