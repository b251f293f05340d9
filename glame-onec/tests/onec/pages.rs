//! What pages become: lines with their holders, rejected records, catalogues that change.

use std::sync::{Arc, Mutex};

use glame_core::ports::{SalesSource, SalesWindow};
use glame_core::purchases::{DocumentKey, DocumentKind, DocumentScope};
use glame_core::users::Holder;
use glame_core::values::{DocumentRef, Money};
use glame_onec::{HiddenRows, OnecSource, ReceiptHolders};

use crate::scripted_server::{Reply, Request, ScriptedServer};

pub(crate) const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
pub(crate) const RECEIPT: &str = "7a10e001-3f2b-11ef-8a01-0050569a0001";
pub(crate) const RETURN: &str = "7a10e002-3f2b-11ef-8a01-0050569a0001";
pub(crate) const REPORT: &str = "7a10e003-3f2b-11ef-8a01-0050569a0001";
pub(crate) const PERSON: &str = "7a10a001-3f2b-11ef-8a01-0050569a0001";
pub(crate) const CARD: &str = "7a10c001-3f2b-11ef-8a01-0050569a0001";

/// A base that publishes the register of sales and two kinds of headers.
pub(crate) fn base(lines: Vec<String>) -> impl Fn(&Request, usize) -> Reply + Send + Sync {
    let sets = [
        "AccumulationRegister_Продажи_RecordType",
        "Document_ЧекККМ",
        "Document_ЧекККМВозврат",
        "Document_ОтчетОРозничныхПродажах",
    ];
    move |request, _| {
        let target = percent_encoding::percent_decode_str(&request.target).decode_utf8_lossy();
        let page = |rows: &[String]| Reply::json(format!("{{\"value\": [{}]}}", rows.join(",")));
        if target.ends_with("/?$format=json") {
            page(&sets.map(|set| format!("{{\"name\": \"{set}\", \"url\": \"{set}\"}}")))
        } else if target.contains("/Document_ЧекККМ?") {
            page(&[format!(
                "{{\"Ref_Key\": \"{RECEIPT}\", \"Date\": \"2025-03-01T14:05:09\", \
                 \"Контрагент_Key\": \"{NOBODY}\", \"ДисконтнаяКарта_Key\": \"{CARD}\"}}"
            )])
        } else if target.contains("/Document_ЧекККМВозврат?") {
            page(&[format!(
                "{{\"Ref_Key\": \"{RETURN}\", \"Date\": \"2025-03-02T14:05:09\", \
                 \"Контрагент_Key\": \"{PERSON}\", \"ЧекККМ_Key\": \"{RECEIPT}\"}}"
            )])
        } else {
            page(&lines)
        }
    }
}

/// A line of the register of sales, with some fields replaced.
pub(crate) fn line(changes: &[(&str, &str)]) -> String {
    let recorder = format!("\"{RECEIPT}\"");
    let nobody = format!("\"{NOBODY}\"");
    let mut fields = vec![
        ("Recorder", recorder.as_str()),
        ("Recorder_Type", "\"StandardODATA.Document_ЧекККМ\""),
        ("Period", "\"2025-03-01T14:05:09\""),
        ("LineNumber", "\"1\""),
        ("Active", "true"),
        ("Номенклатура_Key", nobody.as_str()),
        ("Контрагент_Key", nobody.as_str()),
        ("Количество", "1"),
        ("Сумма", "100.5"),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

async fn window_of(lines: Vec<String>) -> SalesWindow {
    let server = ScriptedServer::start(base(lines)).await;
    server.source().sales(None, None).await.unwrap()
}

#[tokio::test]
async fn a_sale_without_a_counterparty_belongs_to_the_card_of_its_receipt() {
    let window = window_of(vec![line(&[])]).await;
    let holder = window.lines[0].holder;
    assert!(
        matches!(holder, Some(Holder::Card(card)) if card.to_string() == CARD),
        "{holder:?}"
    );
}

#[tokio::test]
async fn a_sale_of_a_shift_report_belongs_to_the_holder_of_its_receipt() {
    let (report, receipt) = (format!("\"{REPORT}\""), format!("\"{RECEIPT}\""));
    let window = window_of(vec![line(&[
        ("Recorder", &report),
        (
            "Recorder_Type",
            "\"StandardODATA.Document_ОтчетОРозничныхПродажах\"",
        ),
        ("Документ", &receipt),
        ("Документ_Type", "\"StandardODATA.Document_ЧекККМ\""),
    ])])
    .await;
    assert_eq!(window.lines[0].document.document.to_string(), REPORT);
    assert!(matches!(window.lines[0].holder, Some(Holder::Card(_))));
    assert_eq!(window.lines[0].returns, None);
}

#[tokio::test]
async fn a_return_belongs_to_its_customer_and_names_the_receipt() {
    let recorder = format!("\"{RETURN}\"");
    let window = window_of(vec![line(&[
        ("Recorder", &recorder),
        ("Recorder_Type", "\"StandardODATA.Document_ЧекККМВозврат\""),
        ("Сумма", "-100.5"),
        ("Количество", "-1"),
    ])])
    .await;
    let line = &window.lines[0];
    assert_eq!(line.amount, Money::from_kopecks(-10_050));
    assert_eq!(line.returns.unwrap().to_string(), RECEIPT);
    assert!(matches!(line.holder, Some(Holder::Counterparty(_))));
}

#[tokio::test]
async fn lines_that_cannot_be_understood_are_set_aside_and_the_rest_is_read() {
    let window = window_of(vec![
        line(&[]),
        line(&[("LineNumber", "2"), ("Сумма", "null")]),
        line(&[("LineNumber", "3"), ("Сумма", "0.005")]),
        line(&[("LineNumber", "4"), ("Active", "false")]),
        line(&[
            ("LineNumber", "5"),
            (
                "Recorder_Type",
                "\"UnavailableEntities.UnavailableEntity_1\"",
            ),
        ]),
        line(&[("LineNumber", "6"), ("Active", "\"да\"")]),
        line(&[]),
    ])
    .await;
    assert_eq!((window.lines.len(), window.inactive), (1, 1));
    let mut reasons: Vec<&str> = window
        .rejected
        .iter()
        .map(|rejected| rejected.reason.as_str())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons[0], "its fields have other types than expected");
    assert!(
        reasons[1].starts_with("the kind of its document is not published"),
        "{reasons:?}"
    );
    assert_eq!(
        &reasons[2..],
        [
            "Сумма has too many digits to be exact",
            "Сумма is missing or empty"
        ]
    );
    assert!(
        window
            .rejected
            .iter()
            .all(|rejected| rejected.reference.contains(RECEIPT))
    );
}

#[tokio::test]
async fn hidden_rows_are_left_out_only_where_that_is_wanted() {
    let server = ScriptedServer::start(base(vec![line(&[])])).await;
    server.source().sales(None, None).await.unwrap();
    let mut settings = server.settings();
    settings.hidden_rows = HiddenRows::LeftOut;
    let lenient = OnecSource::open(settings).unwrap();
    let before = server.requests().len();
    lenient.sales(None, None).await.unwrap();
    let asked = server.requests();
    let lenient_pages = |request: &&Request| request.target.contains("allowedOnly=true");
    assert_eq!(asked[..before].iter().filter(lenient_pages).count(), 0);
    assert!(asked[before..].iter().filter(lenient_pages).count() > 0);
    // A card that is hidden cannot be told from a deleted one.
    let card = glame_core::values::CardRef::parse(CARD).unwrap().unwrap();
    assert_eq!(lenient.missing_cards(&[card]).await.unwrap().answer, []);
}

/// A base whose cards can change between two pages.
#[derive(Clone, Default)]
struct Cards(Arc<Mutex<Vec<u32>>>);

impl Cards {
    fn page(&self, request: &Request) -> Reply {
        let number = |option: &str| -> usize {
            let rest = request
                .target
                .split_once(option)
                .map_or("0", |(_, rest)| rest);
            rest.split('&').next().unwrap().parse().unwrap()
        };
        let rows: Vec<String> = self
            .0
            .lock()
            .unwrap()
            .iter()
            .skip(number("$skip="))
            .take(number("$top="))
            .map(|card| {
                format!(
                    "{{\"Ref_Key\": \"7a10c001-3f2b-11ef-8a01-{card:012}\", \"DeletionMark\": false, \
                     \"КодКартыШтрихкод\": \"{card}\", \"ВладелецКарты_Key\": \"{NOBODY}\"}}"
                )
            })
            .collect();
        Reply::json(format!("{{\"value\": [{}]}}", rows.join(",")))
    }

    /// Reads all cards, and lets something happen after the first page.
    async fn read(self, happens: impl Fn(&mut Vec<u32>)) -> Vec<String> {
        *self.0.lock().unwrap() = (100..130).collect();
        let cards = self.clone();
        let server = ScriptedServer::start(move |request, _| cards.page(request)).await;
        let mut settings = server.settings();
        settings.page_sizes.cards = 10;
        let source = OnecSource::open(settings).unwrap();
        let first = source.cards(None).await.unwrap();
        happens(&mut self.0.lock().unwrap());
        let mut found: Vec<String> = Vec::new();
        let (mut items, mut next) = (first.items, first.next);
        loop {
            found.extend(
                items
                    .iter()
                    .map(|card| card.number.as_ref().unwrap().as_str().to_owned()),
            );
            let Some(cursor) = next else { break };
            let page = source.cards(Some(&cursor)).await.unwrap();
            (items, next) = (page.items, page.next);
        }
        found.sort_unstable();
        found
    }
}

#[tokio::test]
async fn a_catalogue_that_rests_gives_each_card_once() {
    let expected: Vec<String> = (100..130).map(|card| card.to_string()).collect();
    assert_eq!(Cards::default().read(|_| {}).await, expected);
}

#[tokio::test]
async fn a_catalogue_that_changes_meanwhile_loses_no_card() {
    let changes: [fn(&mut Vec<u32>); 3] = [
        |cards| cards.retain(|card| *card != 103),
        |cards| cards.insert(0, 99),
        |cards| cards.swap(9, 10),
    ];
    for change in changes {
        let mut found = Cards::default().read(change).await;
        found.dedup();
        for card in (100..130).filter(|card| *card != 103) {
            assert!(found.contains(&card.to_string()), "{card} of {found:?}");
        }
    }
}

#[tokio::test]
async fn a_base_that_knows_no_columns_of_a_table_is_asked_for_the_table() {
    let server = ScriptedServer::start(|request, _| {
        let target = percent_encoding::percent_decode_str(&request.target).decode_utf8_lossy();
        if target.contains("КонтактнаяИнформация/Тип") {
            let body = "{\"odata.error\": {\"code\": \"6\", \"message\": {\"lang\": \"ru\", \
                        \"value\": \"Сегмент пути Тип не найден!\"}}}";
            return Reply::Answer(400, vec![], body.to_owned());
        }
        Reply::json(format!(
            "{{\"value\": [{{\"Ref_Key\": \"{PERSON}\", \"DeletionMark\": false, \"IsFolder\": false, \
             \"Description\": \"Примерова Анна\", \"КонтактнаяИнформация\": \
             [{{\"Тип\": \"Телефон\", \"НомерТелефона\": \"79990000001\"}}]}}]}}"
        ))
    })
    .await;
    let page = server.source().profiles(None).await.unwrap();
    assert_eq!(page.items[0].phone.unwrap().digits(), 79_990_000_001);
    assert_eq!(page.requests, 2);
}

#[tokio::test]
async fn a_base_that_finds_no_document_by_cast_is_asked_for_one_after_the_other() {
    // Such a base answers with an empty page, which would look like deleted documents.
    for refuses in [false, true] {
        let sound = base(vec![line(&[])]);
        let server = ScriptedServer::start(move |request, number| {
            let target = percent_encoding::percent_decode_str(&request.target).decode_utf8_lossy();
            if target.contains("cast(") && refuses {
                Reply::Answer(500, vec![], "Операция не разрешена".to_owned())
            } else if target.contains("cast(") {
                Reply::empty_page()
            } else if target.contains(&format!("Продажи(Recorder='{RECEIPT}'")) {
                Reply::json(format!(
                    "{{\"Recorder\": \"{RECEIPT}\", \"RecordSet\": [{}]}}",
                    line(&[])
                ))
            } else if target.contains("Продажи(Recorder=") {
                let body = "{\"odata.error\": {\"code\": \"9\", \"message\": {\"value\": \"\"}}}";
                Reply::Answer(404, vec![], body.to_owned())
            } else {
                sound(request, number)
            }
        })
        .await;
        let document = |key: &str| DocumentKey {
            kind: DocumentKind::Receipt,
            document: DocumentRef::parse(key).unwrap().unwrap(),
        };
        let source = server.source();
        let answer = source
            .sales_of(&[document(RECEIPT), document(REPORT)])
            .await
            .unwrap();
        assert_eq!(answer.answer.len(), 1);
        assert_eq!(answer.answer[0].document.document.to_string(), RECEIPT);
    }
}

/// Tells whether a base is only asked for some lines, whichever come first.
fn asks_for_a_sample(target: &str) -> bool {
    let asked = |option: &str| target.contains(option);
    asked("_RecordType?") && asked("$top=") && !asked("$orderby=") && !asked("isof(")
}

#[tokio::test]
async fn a_base_that_gives_no_sample_is_asked_for_one_document_after_the_other() {
    // Nobody can tell whether such a base finds documents by cast; this one does not.
    let foreign = || {
        let kind = "\"UnavailableEntities.UnavailableEntity_1\"";
        Reply::json(format!(
            "{{\"value\": [{}]}}",
            line(&[("Recorder_Type", kind)])
        ))
    };
    let broken = || Reply::Answer(500, vec![], "Внутренняя ошибка".to_owned());
    let samples: [fn() -> Reply; 2] = [foreign, broken];
    for sample in samples {
        let sound = base(vec![]);
        let server = ScriptedServer::start(move |request, number| {
            let target = percent_encoding::percent_decode_str(&request.target).decode_utf8_lossy();
            if asks_for_a_sample(&target) {
                sample()
            } else if target.contains(&format!("Продажи(Recorder='{RECEIPT}'")) {
                Reply::json(format!("{{\"RecordSet\": [{}]}}", line(&[])))
            } else {
                sound(request, number)
            }
        })
        .await;
        let answer = server.source().sales_of(&[receipt(RECEIPT)]).await.unwrap();
        assert_eq!(answer.answer.len(), 1);
    }
}

#[tokio::test]
async fn a_register_without_lines_is_asked_once_for_many_documents() {
    let server = ScriptedServer::start(base(vec![])).await;
    let documents = [RECEIPT, REPORT, PERSON, CARD].map(receipt);
    let answer = server.source().sales_of(&documents).await.unwrap();
    assert_eq!((answer.answer.len(), answer.rejected.len()), (0, 0));
    let one_by_one = |request: &Request| request.target.contains("(Recorder=");
    assert!(!server.requests().iter().any(one_by_one));
}

fn receipt(key: &str) -> DocumentKey {
    DocumentKey {
        kind: DocumentKind::Receipt,
        document: DocumentRef::parse(key).unwrap().unwrap(),
    }
}

#[tokio::test]
async fn a_document_of_an_unknown_type_is_not_taken_for_deleted() {
    let of = |recorder: &str, kind: &str| {
        line(&[
            ("Recorder", &format!("\"{recorder}\"")),
            ("Recorder_Type", &format!("\"StandardODATA.{kind}\"")),
        ])
    };
    let rows = [
        of(RECEIPT, "Document_ЗаказМаркетплейса"),
        of(RETURN, "Document_ЧекККМ"),
        of(REPORT, "Document_ЧекККМВозврат"),
    ];
    let server = ScriptedServer::start(move |request, _| {
        let target = percent_encoding::percent_decode_str(&request.target).decode_utf8_lossy();
        let page = |rows: &[String]| Reply::json(format!("{{\"value\": [{}]}}", rows.join(",")));
        if target.ends_with("/?$format=json") {
            let known = ["Document_ОтчетКомиссионера", "Document_ЧекККМ"];
            page(&known.map(|set| format!("{{\"name\": \"{set}\"}}")))
        } else if target.contains("'Document_ОтчетКомиссионера'") {
            Reply::empty_page()
        } else {
            page(&rows)
        }
    })
    .await;
    let mut settings = server.settings();
    settings.receipt_holders = ReceiptHolders::Ignored;
    let source = OnecSource::open(settings).unwrap();
    let other = |key: &str| DocumentKey {
        kind: DocumentKind::Other,
        document: DocumentRef::parse(key).unwrap().unwrap(),
    };
    let answer = source.sales_of(&[other(RECEIPT)]).await.unwrap();
    assert_eq!(answer.rejected, []);
    assert_eq!(answer.answer.len(), 1);
    assert_eq!(answer.answer[0].document, other(RECEIPT));
    // What is gone is gone, and so is what has become a document of a known kind.
    let gone = [other(PERSON), other(RETURN)];
    let answer = source.sales_of(&gone).await.unwrap();
    assert_eq!((answer.answer.len(), answer.rejected.len()), (0, 0));
}

#[tokio::test]
async fn a_base_that_finds_nothing_by_type_still_gives_its_opening_balances() {
    let card = format!("\"{CARD}\"");
    let opening = line(&[
        (
            "Recorder_Type",
            "\"StandardODATA.Document_ВводНачальныхОстатков\"",
        ),
        ("ДисконтнаяКарта_Key", &card),
        ("ВладелецКарты_Key", &card),
    ]);
    for gives_samples in [true, false] {
        let opening = opening.clone();
        let server = ScriptedServer::start(move |request, _| {
            let target = percent_encoding::percent_decode_str(&request.target).decode_utf8_lossy();
            let register = "AccumulationRegister_ПродажиПоДисконтнымКартам_RecordType";
            if target.ends_with("/?$format=json") {
                Reply::json(format!("{{\"value\": [{{\"name\": \"{register}\"}}]}}"))
            } else if target.contains("isof(") || !target.contains(register) {
                Reply::empty_page()
            } else if asks_for_a_sample(&target) && !gives_samples {
                Reply::Answer(500, vec![], "Внутренняя ошибка".to_owned())
            } else {
                Reply::json(format!("{{\"value\": [{opening}]}}"))
            }
        })
        .await;
        let window = server.source().sales(None, None).await.unwrap();
        assert_eq!(window.documents, DocumentScope::OpeningBalancesOnly);
        assert_eq!(window.lines.len(), 1);
    }
}
