//! The doctor says what to do before a synchronisation says that it cannot.

use std::collections::BTreeSet;

use glame_onec::{
    BonusPoints, Check, Credentials, Diagnosis, Finding, FindingStatus, OnecSource,
    RecorderKeyShape, SalesRegister,
};
use glame_onec_simulator::{Fault, FaultRule, Published, Simulator, SimulatorSettings};

use crate::shop::{open_shop, plan, reader_of, small_shop, source_of};

fn of_check(diagnosis: &Diagnosis, check: Check, status: FindingStatus) -> Vec<&Finding> {
    let matches = |finding: &&Finding| finding.check == check && finding.status == status;
    diagnosis.findings.iter().filter(matches).collect()
}

#[tokio::test]
async fn a_sound_base_has_no_failed_check() {
    let shop = open_shop().await;
    let diagnosis = source_of(&shop, SalesRegister::Sales).diagnose().await;
    let failed: Vec<_> = diagnosis
        .findings
        .iter()
        .filter(|finding| finding.status == FindingStatus::Failed)
        .collect();
    assert_eq!(failed, Vec::<&Finding>::new());
    let capabilities = &diagnosis.capabilities;
    assert_eq!(
        capabilities.recorder_key_shape,
        Some(RecorderKeyShape::Composite)
    );
    assert_eq!(capabilities.orderby_composite_ok, Some(true));
    assert_eq!(capabilities.document_filter_ok, Some(true));
    assert_eq!(capabilities.type_filter_ok, Some(true));
    assert_eq!(capabilities.count_supported, Some(true));
    assert_eq!(capabilities.inlinecount_ignores_top, Some(true));
    assert_eq!(capabilities.int64_as_string, Some(true));
    assert!(capabilities.opening_balances_published && capabilities.receipts_published);
    assert_eq!(u64::from(diagnosis.requests), shop.requests());
}

#[tokio::test]
async fn a_missing_set_names_its_box_in_1c() {
    let cards = "Catalog_ДисконтныеКарты";
    let published = Published {
        unpublished_sets: BTreeSet::from([cards.to_owned()]),
        ..Published::default()
    };
    let shop = Simulator::start(SimulatorSettings {
        published,
        ..small_shop()
    })
    .await
    .unwrap();
    let diagnosis = source_of(&shop, SalesRegister::Sales).diagnose().await;
    let failed = of_check(&diagnosis, Check::Publication, FindingStatus::Failed);
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].set.as_deref(), Some(cards));
    let advice = failed[0].advice.as_deref().unwrap();
    assert!(
        advice.contains("«Справочники → Дисконтные карты» (discount cards)"),
        "{advice}"
    );
    assert_eq!(diagnosis.status(), FindingStatus::Failed);
}

#[tokio::test]
async fn a_renamed_field_is_named() {
    let renames = [("Сумма".to_owned(), "СуммаПродажи".to_owned())].into();
    let register = "AccumulationRegister_Продажи";
    let renamed_fields = [
        (
            register.to_owned(),
            std::collections::BTreeMap::clone(&renames),
        ),
        (format!("{register}_RecordType"), renames),
    ];
    let published = Published {
        renamed_fields: renamed_fields.into(),
        ..Published::default()
    };
    let shop = Simulator::start(SimulatorSettings {
        published,
        ..small_shop()
    })
    .await
    .unwrap();
    let diagnosis = source_of(&shop, SalesRegister::Sales).diagnose().await;
    let failed = of_check(&diagnosis, Check::Fields, FindingStatus::Failed);
    assert!(
        failed
            .iter()
            .any(|finding| finding.message.contains("Сумма")),
        "{failed:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_the_only_finding_and_tried_once() {
    let shop = open_shop().await;
    let mut settings = reader_of(&shop);
    settings.credentials = Credentials::login("odata", "wrong");
    let diagnosis = OnecSource::open(settings).unwrap().diagnose().await;
    let failed = of_check(&diagnosis, Check::Reachability, FindingStatus::Failed);
    assert_eq!(failed.len(), 1);
    assert!(
        failed[0]
            .advice
            .as_deref()
            .unwrap()
            .contains("«Авторизация»")
    );
    assert_eq!(diagnosis.requests, 1);
}

#[tokio::test]
async fn what_a_base_cannot_do_is_a_capability() {
    let shop = open_shop().await;
    shop.set_faults(plan([FaultRule::always(Fault::AutoOrder)]));
    let diagnosis = source_of(&shop, SalesRegister::Sales).diagnose().await;
    assert_eq!(diagnosis.capabilities.orderby_composite_ok, Some(false));
    assert_eq!(
        of_check(&diagnosis, Check::Order, FindingStatus::Warning).len(),
        1
    );
}

#[tokio::test]
async fn a_diagnosis_is_json_with_stable_words() {
    let shop = open_shop().await;
    let diagnosis = source_of(&shop, SalesRegister::Sales).diagnose().await;
    let json = serde_json::to_value(&diagnosis).unwrap();
    assert_eq!(json["findings"][0]["check"], "encryption");
    assert_eq!(json["findings"][0]["status"], "ok");
    assert_eq!(json["capabilities"]["recorder_key_shape"], "composite");
}

#[tokio::test]
async fn documents_that_are_not_published_are_named_in_one_advice() {
    let unpublished_sets = ["Document_ЧекККМВозврат", "Document_ЗакрытиеМесяца"].map(str::to_owned);
    let published = Published {
        unpublished_sets: BTreeSet::from(unpublished_sets),
        ..Published::default()
    };
    let shop = Simulator::start(SimulatorSettings {
        published,
        ..small_shop()
    })
    .await
    .unwrap();
    let diagnosis = source_of(&shop, SalesRegister::Sales).diagnose().await;
    let warnings = of_check(&diagnosis, Check::Publication, FindingStatus::Warning);
    let advice = warnings[0].advice.as_deref().unwrap();
    for title in ["«Чек ККМ на возврат»", "«Закрытие месяца»"] {
        assert!(advice.contains(title), "{advice}");
    }
    assert!(!advice.contains("«Чек ККМ»,"), "{advice}");
    assert_eq!(
        (warnings.len(), diagnosis.status()),
        (1, FindingStatus::Warning)
    );
}

const POINTS: &str = "AccumulationRegister_БонусныеБаллы";

/// Diagnoses a shop that does or does not publish the register of points.
async fn diagnosis_of_points(bonus_points: BonusPoints, published: bool) -> Diagnosis {
    let hidden = (!published).then(|| POINTS.to_owned());
    let shop = Simulator::start(SimulatorSettings {
        published: Published {
            unpublished_sets: hidden.into_iter().collect(),
            ..Published::default()
        },
        ..small_shop()
    })
    .await
    .unwrap();
    let mut settings = reader_of(&shop);
    settings.bonus_points = bonus_points;
    OnecSource::open(settings).unwrap().diagnose().await
}

fn about_points(diagnosis: &Diagnosis) -> Vec<(Check, FindingStatus, bool)> {
    let name = format!("{POINTS}_RecordType");
    let findings = diagnosis.findings.iter();
    findings
        .filter(|finding| finding.set.as_ref() == Some(&name))
        .map(|finding| (finding.check, finding.status, finding.advice.is_some()))
        .collect()
}

#[tokio::test]
async fn points_are_needed_only_where_they_are_reconciled() {
    use FindingStatus::{Failed, Ok};
    let (ignored, reconciled) = (BonusPoints::Ignored, BonusPoints::Reconciled);
    for (mode, published, fails, expected) in [
        (ignored, false, false, vec![(Check::Publication, Ok, true)]),
        (ignored, true, false, vec![(Check::Publication, Ok, false)]),
        (
            reconciled,
            false,
            true,
            vec![(Check::Publication, Failed, true)],
        ),
        (
            reconciled,
            true,
            false,
            vec![
                (Check::Fields, Ok, false),
                (Check::Publication, Ok, false),
                (Check::Rights, Ok, false),
                (Check::Balances, Ok, false),
            ],
        ),
    ] {
        let diagnosis = diagnosis_of_points(mode, published).await;
        assert_eq!(about_points(&diagnosis), expected);
        let failed = diagnosis.status() == FindingStatus::Failed;
        assert_eq!(failed, fails);
        assert_eq!(diagnosis.capabilities.balance_published, published);
    }
}

#[tokio::test]
async fn a_base_that_gives_no_balances_is_read_by_lines_and_the_doctor_says_so() {
    let shop = open_shop().await;
    shop.set_faults(plan([FaultRule::always(Fault::NoMethod)]));
    let mut settings = reader_of(&shop);
    settings.bonus_points = BonusPoints::Reconciled;
    let diagnosis = OnecSource::open(settings).unwrap().diagnose().await;
    assert_eq!(diagnosis.capabilities.balance_ok, Some(false));
    let warnings = of_check(&diagnosis, Check::Balances, FindingStatus::Warning);
    assert_eq!(warnings.len(), 1);
}
