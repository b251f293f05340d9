//! Whose a sale is: told by the header of its receipt, and never guessed where that is not read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{TimeZone, Utc};
use glame_core::ports::{PurchaseReader, SalesSource, SalesWindow, SourceError, Storage};
use glame_core::purchases::{DocumentKey, DocumentKind};
use glame_core::sync::{
    CustomerSyncService, PurchaseScope, SyncRun, SyncSettings, SyncTrigger, Unobserved,
};
use glame_core::testkit::{CountingIds, ManualClock, MemoryStorage};
use glame_core::users::Holder;
use glame_core::values::DocumentRef;
use glame_onec::{OnecSource, ReceiptHolders, SalesRegister};
use glame_onec_simulator::{Fault, FaultRule};

use crate::pages::{CARD, NOBODY, PERSON, RECEIPT, REPORT, RETURN, base, line};
use crate::scripted_server::{Reply, ScriptedServer};
use crate::shop::{Reading, open_shop, plan, reader_of};

/// A base that answers some addresses in its own way.
async fn base_but(
    lines: Vec<String>,
    own: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static,
) -> ScriptedServer {
    let sound = base(lines);
    ScriptedServer::start(move |request, number| {
        let target = percent_encoding::percent_decode_str(&request.target).decode_utf8_lossy();
        own(&target).unwrap_or_else(|| sound(request, number))
    })
    .await
}

/// Reads an anonymous line of a receipt whose header comes like this.
async fn window_with_header(header: fn() -> Reply) -> Result<SalesWindow, SourceError> {
    let own = move |target: &str| target.contains("/Document_ЧекККМ").then(header);
    let server = base_but(vec![line(&[])], own).await;
    server.source().sales(None, None).await
}

fn error(status: u16, code: &str, text: &str) -> Reply {
    let body = format!(
        "{{\"odata.error\": {{\"code\": \"{code}\", \"message\": {{\"value\": \"{text}\"}}}}}}"
    );
    Reply::Answer(status, vec![], body)
}

/// Checks that the only line was set aside, and that its document is known to be unreadable.
fn assert_set_aside(window: &SalesWindow, document: &str, why: &str) {
    assert_eq!(window.lines, []);
    let unreadable: Vec<String> = window.unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(unreadable, [document]);
    let reasons: Vec<&str> = window
        .rejected
        .iter()
        .map(|rejected| rejected.reason.as_str())
        .collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].contains(why), "{reasons:?}");
    assert!(window.rejected[0].reference.contains(document));
}

#[tokio::test]
async fn a_line_whose_header_cannot_be_read_is_not_anonymous() {
    let headers: [fn() -> Reply; 3] = [
        || {
            Reply::json(format!(
                "{{\"value\": [{{\"Ref_Key\": \"{RECEIPT}\", \"Date\": \"2025-03-01T14:05:09\", \
                 \"Контрагент_Key\": \"?\", \"ДисконтнаяКарта_Key\": \"{CARD}\"}}]}}"
            ))
        },
        || {
            Reply::json(format!(
                "{{\"value\": [{{\"Ref_Key\": \"{RECEIPT}\", \"Date\": 5, \
                 \"Контрагент_Key\": \"{PERSON}\"}}]}}"
            ))
        },
        // A field that was left out of the question tells nothing either.
        || {
            Reply::json(format!(
                "{{\"value\": [{{\"Ref_Key\": \"{RECEIPT}\", \"Date\": \"2025-03-01T14:05:09\", \
                 \"ДисконтнаяКарта_Key\": \"{NOBODY}\"}}]}}"
            ))
        },
    ];
    for header in headers {
        let window = window_with_header(header).await.unwrap();
        assert_set_aside(&window, RECEIPT, "cannot be read");
    }
}

#[tokio::test]
async fn a_line_whose_header_is_not_found_is_not_anonymous() {
    let window = window_with_header(Reply::empty_page).await.unwrap();
    assert_set_aside(&window, RECEIPT, "was not found");
}

#[tokio::test]
async fn a_line_whose_header_is_not_published_is_not_anonymous() {
    let register = "AccumulationRegister_Продажи_RecordType";
    let own = move |target: &str| {
        let sets = format!("{{\"value\": [{{\"name\": \"{register}\"}}]}}");
        target
            .ends_with("/?$format=json")
            .then(|| Reply::json(sets))
    };
    let server = base_but(vec![line(&[])], own).await;
    let window = server.source().sales(None, None).await.unwrap();
    assert_set_aside(&window, RECEIPT, "not published");
    // Where nobody asks the headers, a sale without a counterparty is anonymous.
    let mut settings = server.settings();
    settings.receipt_holders = ReceiptHolders::Ignored;
    let source = OnecSource::open(settings).unwrap();
    let window = source.sales(None, None).await.unwrap();
    assert_eq!((window.lines[0].holder, window.rejected.len()), (None, 0));
}

#[tokio::test]
async fn a_line_of_a_shift_report_whose_receipt_cannot_be_told_is_not_anonymous() {
    let (report, receipt) = (format!("\"{REPORT}\""), format!("\"{RECEIPT}\""));
    let person = format!("\"{PERSON}\"");
    let of_report = [
        ("Recorder", report.as_str()),
        (
            "Recorder_Type",
            "\"StandardODATA.Document_ОтчетОРозничныхПродажах\"",
        ),
    ];
    let unpublished = "\"UnavailableEntities.UnavailableEntity_1\"";
    let of_unpublished = [
        ("Документ", receipt.as_str()),
        ("Документ_Type", unpublished),
    ];
    for (of_receipt, why) in [
        (&of_unpublished[..], "is not published"),
        (&[], "Документ_Type is missing"),
    ] {
        let changes = [&of_report[..], of_receipt].concat();
        let server = base_but(vec![line(&changes)], |_| None).await;
        let window = server.source().sales(None, None).await.unwrap();
        assert_set_aside(&window, REPORT, why);
        // A counterparty of its own needs no receipt.
        let named = [&changes[..], &[("Контрагент_Key", person.as_str())]].concat();
        let server = base_but(vec![line(&named)], |_| None).await;
        let window = server.source().sales(None, None).await.unwrap();
        assert!(matches!(
            window.lines[0].holder,
            Some(Holder::Counterparty(_))
        ));
    }
    // A report may sell without any receipt.
    let none = [
        ("Документ", "\"\""),
        ("Документ_Type", "\"StandardODATA.Undefined\""),
    ];
    let changes = [&of_report[..], &none].concat();
    let server = base_but(vec![line(&changes)], |_| None).await;
    let window = server.source().sales(None, None).await.unwrap();
    assert_eq!((window.lines[0].holder, window.rejected.len()), (None, 0));
}

#[tokio::test]
async fn headers_that_may_not_be_read_fail_the_window() {
    let error = window_with_header(|| error(401, "20", "Нарушение прав доступа"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("rights refused"), "{error}");
    let error = window_with_header(|| Reply::status(503)).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
}

#[tokio::test]
async fn headers_of_a_base_that_refuses_filters_are_read_by_their_address() {
    let own = |target: &str| {
        if target.contains(&format!("/Document_ЧекККМ(guid'{RECEIPT}')")) {
            Some(Reply::json(format!(
                "{{\"Ref_Key\": \"{RECEIPT}\", \"Date\": \"2025-03-01T14:05:09\", \
                 \"Контрагент_Key\": \"{NOBODY}\", \"ДисконтнаяКарта_Key\": \"{CARD}\", \
                 \"Запасы\": []}}"
            )))
        } else if target.contains("/Document_ЧекККМ(guid'") {
            Some(error(404, "9", "Экземпляр сущности не найден"))
        } else {
            let refused = target.contains("/Document_ЧекККМ?") && target.contains("$filter=");
            refused.then(|| error(400, "-1", "Операция не разрешена в предложении ГДЕ"))
        }
    };
    let lost = format!("\"{PERSON}\"");
    let lines = vec![line(&[]), line(&[("Recorder", &lost)])];
    let server = base_but(lines, own).await;
    let window = server.source().sales(None, None).await.unwrap();
    assert_eq!(window.lines.len(), 1);
    assert!(matches!(window.lines[0].holder, Some(Holder::Card(_))));
    assert_eq!(window.unreadable[0].to_string(), PERSON);
    assert!(window.rejected[0].reason.contains("was not found"));
}

#[tokio::test]
async fn a_shop_that_refuses_to_filter_headers_is_read_like_any_other() {
    let shop = open_shop().await;
    let mut settings = reader_of(&shop);
    settings.sales_register = SalesRegister::Sales;
    settings.receipt_holders = ReceiptHolders::FromReceiptHeaders;
    for lines_of_a_page in [40, 2_000] {
        settings.page_sizes.sales = lines_of_a_page;
        shop.set_faults(plan([]));
        let source = OnecSource::open(settings.clone()).unwrap();
        let sound = Reading::of(&source, None).await.unwrap();
        let headers = ["Document_ЧекККМ", "Document_ЧекККМВозврат"];
        shop.set_faults(plan(
            headers.map(|set| FaultRule::always(Fault::FilterRefused).only_on(set)),
        ));
        let troubled = Reading::of(&source, None).await.unwrap();
        assert!(troubled.requests() > sound.requests());
        let mut lines: Vec<_> = [&sound, &troubled]
            .map(|reading| {
                let mut lines: Vec<_> = reading.lines().cloned().collect();
                lines.sort_by_key(|line| (line.document, line.line_number));
                lines
            })
            .into();
        assert_eq!(lines.pop(), lines.pop());
        assert!(troubled.rejected().is_empty());
    }
}

#[tokio::test]
async fn a_return_whose_header_cannot_be_read_keeps_its_money_and_is_reported() {
    let (recorder, person) = (format!("\"{RETURN}\""), format!("\"{PERSON}\""));
    let returned = line(&[
        ("Recorder", &recorder),
        ("Recorder_Type", "\"StandardODATA.Document_ЧекККМВозврат\""),
        ("Контрагент_Key", &person),
        ("Сумма", "-100.5"),
        ("Количество", "-1"),
    ]);
    let own = |target: &str| {
        let empty = Reply::empty_page;
        target.contains("/Document_ЧекККМВозврат?").then(empty)
    };
    let server = base_but(vec![returned], own).await;
    let source = server.source();
    let window = source.sales(None, None).await.unwrap();
    assert_eq!(window.lines.len(), 1);
    assert_eq!(window.rejected[0].set, "Document_ЧекККМВозврат");
    assert_eq!(window.rejected[0].reference, RETURN);
    let key = DocumentKey {
        kind: DocumentKind::ReturnReceipt,
        document: DocumentRef::parse(RETURN).unwrap().unwrap(),
    };
    let answer = source.sales_of(&[key]).await.unwrap();
    assert_eq!((answer.answer.len(), answer.rejected.len()), (1, 1));
}

#[tokio::test]
async fn a_stored_sale_stays_while_its_header_cannot_be_read() {
    let hidden = Arc::new(AtomicBool::new(false));
    let hides = Arc::clone(&hidden);
    let own = move |target: &str| {
        let asked = target.contains("/Document_ЧекККМ?") && hides.load(Ordering::SeqCst);
        asked.then(Reply::empty_page)
    };
    let server = base_but(vec![line(&[])], own).await;
    let storage = Arc::new(MemoryStorage::default());
    let shared: Arc<dyn Storage> = Arc::<MemoryStorage>::clone(&storage);
    let now = Utc.with_ymd_and_hms(2025, 3, 2, 0, 0, 0).unwrap();
    let service = CustomerSyncService::new(
        shared,
        Arc::new(server.source()),
        Arc::new(ManualClock::at(now)),
        Arc::new(CountingIds::default()),
        SyncSettings::default(),
    );
    for hides in [false, true, false] {
        hidden.store(hides, Ordering::SeqCst);
        let run = everything(&service).await;
        assert_eq!((run.counts.removed, run.counts.rejected > 0), (0, hides));
        let totals = storage.purchase_totals().await.unwrap();
        assert_eq!((totals.lines, totals.amount.kopecks()), (1, 10_050));
    }
}

async fn everything(service: &CustomerSyncService) -> SyncRun {
    let lease = service.acquire_lease("test").await.unwrap();
    let (scope, trigger) = (PurchaseScope::Everything, SyncTrigger::Manual);
    let run = service
        .sync_purchase_history(&lease, scope, trigger, &Unobserved)
        .await
        .unwrap();
    service.release_lease(lease).await.unwrap();
    run
}
