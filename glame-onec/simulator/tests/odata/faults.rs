use std::time::Duration;

use glame_onec_simulator::{
    Fault, FaultPlan, FaultRule, SalesRegister, Simulator, SimulatorSettings,
};

use crate::client::{BASIC, Reply, SALES, exchange, get, send, small, text};

const CARDS: &str = "Catalog_ДисконтныеКарты";

async fn struck(base: &Simulator, fault: Fault, path: &str) -> Reply {
    base.set_faults(FaultPlan {
        first_byte_delay: Duration::from_millis(20),
        stall: Duration::from_millis(20),
        ..FaultPlan::of([FaultRule::once(fault)])
    });
    get(base, path).await
}

#[tokio::test]
async fn statuses_and_bodies_of_faults_are_those_of_1c_and_its_front_ends() {
    let base = small().await;
    for (fault, status, word) in [
        (Fault::Business, 500, "\"code\": \"-1\""),
        (Fault::Rights, 401, "\"code\": \"20\""),
        (Fault::Auth, 401, ""),
        (Fault::StaleSession, 406, "Истекло время ожидания сеанса"),
        (Fault::License, 500, "Не обнаружено свободной лицензии!"),
        (Fault::TooMany, 429, "<html>"),
        (Fault::BadGateway, 502, "<html>"),
        (Fault::Unavailable, 503, "<html>"),
        (Fault::Timeout, 504, "<html>"),
        (Fault::Maintenance, 200, "<html>"),
        (Fault::Redirect, 302, "<html>"),
        (Fault::MissingValue, 200, "odata.metadata"),
        (Fault::Unpublished, 404, "\"code\": \"8\""),
    ] {
        let reply = struck(&base, fault, &format!("{CARDS}?$top=1")).await;
        assert_eq!(reply.status, status, "{}", fault.name());
        assert!(
            reply.text().contains(word),
            "{}: {}",
            fault.name(),
            reply.text()
        );
        let after = get(&base, &format!("{CARDS}?$top=1")).await;
        assert_eq!(after.rows().len(), 1, "{} strikes once", fault.name());
    }
    let busy = struck(&base, Fault::TooMany, CARDS).await;
    assert_eq!(busy.header("retry-after"), Some("1"));
    let missing = struck(&base, Fault::MissingValue, CARDS).await;
    assert!(missing.json().get("value").is_none());
}

#[tokio::test]
async fn bodies_break_in_the_ways_that_networks_know() {
    let base = small().await;
    let sound = get(&base, CARDS).await;
    let slow = struck(&base, Fault::SlowFirstByte, CARDS).await;
    assert_eq!(slow.body, sound.body);
    let stalled = struck(&base, Fault::Stall, CARDS).await;
    assert_eq!(stalled.body, sound.body);
    let reset = struck(&base, Fault::Reset, CARDS).await;
    assert!(!reset.complete && !reset.body.is_empty() && reset.body.len() < sound.body.len());
    let truncated = struck(&base, Fault::TruncatedJson, CARDS).await;
    assert!(truncated.complete && sound.body.starts_with(&truncated.body));
    assert!(serde_json::from_slice::<serde_json::Value>(&truncated.body).is_err());
}

#[tokio::test]
async fn a_huge_page_never_ends() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let base = small().await;
    base.set_faults(FaultPlan::of([FaultRule::once(Fault::HugePage)]));
    let url = base.base_url();
    let (host, root) = url[7..].split_once('/').unwrap();
    let request = format!(
        "GET /{root}/Catalog_%D0%9A?$top=1 HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n{}: {}\r\n\r\n",
        BASIC.0, BASIC.1
    );
    let request = request.replace("Catalog_%D0%9A", "?$format=json&x=");
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut read, mut buffer) = (0, vec![0; 1 << 16]);
    while read < 20 << 20 {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "ended after {read} bytes");
        read += count;
    }
}

#[tokio::test]
async fn some_faults_wait_for_their_occasion() {
    let base = small().await;
    let window = |from: &str, to: &str| {
        format!(
            "{SALES}?$filter=Period ge datetime'{from}T00:00:00' and Period lt datetime'{to}T00:00:00'"
        )
    };
    base.set_faults(FaultPlan::of([FaultRule::always(Fault::Memory {
        lines: 100,
    })]));
    assert_eq!(get(&base, SALES).await.error(), (500, "-1".to_owned()));
    assert_eq!(
        get(&base, &window("2023-01-01", "2026-01-01")).await.status,
        500
    );
    assert_eq!(
        get(&base, &window("2024-01-01", "2024-02-01")).await.status,
        200
    );
    base.set_faults(FaultPlan::of([FaultRule::always(Fault::AutoOrder)]));
    assert_eq!(get(&base, &format!("{SALES}?$top=1")).await.status, 200);
    let ordered = get(&base, &format!("{SALES}?$top=1&$orderby=Period desc")).await;
    assert!(ordered.status == 500 && ordered.text().contains("AUTOORDER"));
    assert_eq!(
        get(&base, &format!("{CARDS}?$top=1&$orderby=Code"))
            .await
            .status,
        200
    );
    base.set_faults(FaultPlan::of([FaultRule::always(Fault::RenamedField)]));
    assert_eq!(get(&base, &format!("{CARDS}?$top=1")).await.status, 200);
    let selected = get(&base, &format!("{CARDS}?$select=Ref_Key,Code")).await;
    assert!(selected.text().contains("Сегмент пути Code не найден!"));
    base.set_faults(FaultPlan::of([FaultRule::always(Fault::FilterRefused)]));
    let filtered = get(&base, &format!("{CARDS}?$filter=DeletionMark eq false")).await;
    assert!(filtered.status == 400 && filtered.text().contains("Операция не разрешена"));
}

#[tokio::test]
async fn rows_come_twice_or_appear_between_pages() {
    let base = small().await;
    let path = format!("{SALES}?$orderby=Period,Recorder,LineNumber&$top=10&$skip=600");
    let sound = get(&base, &path).await.rows();
    let doubled = struck(&base, Fault::DuplicateRows, &path).await.rows();
    assert_eq!(doubled.len(), 11);
    assert_eq!(doubled[0], doubled[1]);
    let before = base.oracle().totals(SalesRegister::Sales).all.lines;
    let shifted = struck(&base, Fault::InsertedRows, &path).await.rows();
    assert_eq!(
        base.oracle().totals(SalesRegister::Sales).all.lines,
        before + 1
    );
    assert_eq!(
        shifted[1], sound[0],
        "everything after the new receipt moves on by one"
    );
}

#[tokio::test]
async fn the_redirect_leads_to_another_origin_which_remembers_credentials() {
    let base = small().await;
    let reply = struck(&base, Fault::Redirect, CARDS).await;
    let target = reply.header("location").unwrap().to_owned();
    let (host, path) = target
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    assert!(!base.base_url().contains(host));
    let without = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert_eq!(exchange(host, without.as_bytes()).await.status, 200);
    assert!(!base.seen_credentials_elsewhere());
    let leaking = without.replace("Connection", "Authorization: Basic eDp5\r\nConnection");
    exchange(host, leaking.as_bytes()).await;
    assert!(base.seen_credentials_elsewhere());
    assert_eq!(base.foreign_requests().len(), 2);
}

#[tokio::test]
async fn page_latency_holds_every_answer_back() {
    let settings = SimulatorSettings {
        page_latency: Duration::from_millis(30),
        ..SimulatorSettings::default()
    };
    let base = Simulator::start(settings).await.unwrap();
    let begun = std::time::Instant::now();
    let reply = send(&base, "GET", "?$format=json", &[BASIC], "").await;
    assert!(begun.elapsed() >= Duration::from_millis(30));
    assert_eq!(text(&reply.rows()[0], "name"), CARDS);
}

#[tokio::test]
async fn a_base_without_virtual_tables_still_gives_its_lines() {
    let base = small().await;
    base.set_faults(FaultPlan::of([FaultRule::always(Fault::NoMethod)]));
    let register = "AccumulationRegister_БонусныеБаллы";
    let refused = get(&base, &format!("{register}/Balance")).await;
    assert_eq!(refused.error(), (400, "6".to_owned()));
    for path in [format!("{register}_RecordType?$top=1"), register.to_owned()] {
        assert_eq!(get(&base, &path).await.status, 200, "{path}");
    }
    let count = get(&base, &format!("{register}_RecordType/$count")).await;
    assert_eq!(count.status, 200);
}
