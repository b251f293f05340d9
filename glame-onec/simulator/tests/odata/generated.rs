use glame_onec_simulator::{BaseSettings, SalesRegister};

use crate::client::{CARD_SALES, POINTS, SALES, get, start};

const SETS: [&str; 9] = [
    SALES,
    CARD_SALES,
    POINTS,
    "Catalog_ДисконтныеКарты",
    "Catalog_Контрагенты",
    "Catalog_Номенклатура",
    "Catalog_ХарактеристикиНоменклатуры",
    "Document_ЧекККМ",
    "Document_ЧекККМВозврат",
];

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let shop = |seed| {
        start(BaseSettings::Generated {
            customers: 80,
            lines: 900,
            seed,
        })
    };
    let (one, same, other) = (shop(3).await, shop(3).await, shop(4).await);
    for set in SETS {
        let path = format!("{set}?$format=application/json;odata=nometadata");
        let bytes = get(&one, &path).await.body;
        assert_eq!(bytes, get(&same, &path).await.body, "{set}");
        assert_ne!(bytes, get(&other, &path).await.body, "{set}");
    }
}

#[tokio::test]
async fn counts_are_exactly_as_asked() {
    for (customers, lines) in [(1, 1_usize), (7, 137), (250, 5_003)] {
        let base = start(BaseSettings::Generated {
            customers,
            lines,
            seed: 2,
        })
        .await;
        let count = get(&base, &format!("{SALES}/$count")).await;
        assert_eq!(count.text(), format!("\u{feff}{lines}"));
        let path = "Catalog_Контрагенты/$count?$filter=IsFolder eq false";
        assert_eq!(
            get(&base, path).await.text(),
            format!("\u{feff}{customers}")
        );
        let summed = base.oracle().totals(SalesRegister::Sales).all.lines;
        assert_eq!(summed, u64::try_from(lines).unwrap());
    }
}

#[tokio::test]
async fn the_shop_has_the_disorder_of_a_real_one() {
    let base = start(BaseSettings::Generated {
        customers: 400,
        lines: 8_000,
        seed: 1,
    })
    .await;
    let totals = base.oracle().totals(SalesRegister::Sales);
    let share = totals.anonymous.documents * 100 / totals.all.documents;
    assert!(
        (12..=20).contains(&share),
        "{share} % of the receipts are anonymous"
    );
    let zero = "guid'00000000-0000-0000-0000-000000000000'";
    for (set, filter, least) in [
        (
            "Catalog_ДисконтныеКарты",
            format!("ВладелецКарты_Key eq {zero}"),
            5,
        ),
        (
            "Catalog_ДисконтныеКарты",
            "КодКартыШтрихкод eq ''".into(),
            1,
        ),
        ("Catalog_ДисконтныеКарты", "DeletionMark eq true".into(), 1),
        (
            "Catalog_Контрагенты",
            "ДатаРождения eq datetime'0001-01-01T00:00:00'".into(),
            50,
        ),
        ("Catalog_Контрагенты", "IsFolder eq true".into(), 2),
        (
            "Catalog_Контрагенты",
            "startswith(НомерТелефонаДляПоиска,'8999')".into(),
            5,
        ),
        (
            "Catalog_Контрагенты",
            "substringof(' ',НомерТелефонаДляПоиска)".into(),
            5,
        ),
        ("Catalog_Номенклатура", "IsFolder eq true".into(), 3),
        (SALES, "Сумма le 5 and Количество gt 0".into(), 100),
        (SALES, "Количество lt 0".into(), 100),
        (SALES, "Количество gt 0 and Количество lt 1".into(), 20),
        (
            SALES,
            "isof(Recorder,'Document_РасходнаяНакладная')".into(),
            20,
        ),
        (
            CARD_SALES,
            "isof(Recorder,'Document_ВводНачальныхОстатков')".into(),
            40,
        ),
        (
            POINTS,
            "Period gt datetime'2026-01-01T00:00:00'".into(),
            100,
        ),
        (POINTS, "RecordType eq 'Expense'".into(), 50),
        (
            "Document_ЧекККМВозврат",
            format!("ЧекККМ_Key ne {zero}"),
            50,
        ),
        ("Document_ЧекККМВозврат", format!("ЧекККМ_Key eq {zero}"), 3),
    ] {
        let count = get(&base, &format!("{set}/$count?$filter={filter}")).await;
        let count: usize = count.text().trim_start_matches('\u{feff}').parse().unwrap();
        assert!(
            count >= least,
            "{set} {filter}: {count} of at least {least}"
        );
    }
}

#[tokio::test]
async fn nobody_owes_points() {
    for base in [
        start(BaseSettings::Generated {
            customers: 100,
            lines: 6_000,
            seed: 4,
        })
        .await,
        start(BaseSettings::OnlineRetail).await,
    ] {
        for moment in [
            "2011-03-01",
            "2011-12-20",
            "2012-06-01",
            "2023-06-01",
            "2024-06-01",
            "2027-06-01",
        ] {
            let at = format!("{moment}T12:00:00").parse().unwrap();
            let balances = base.oracle().bonus_balances(at);
            let least = balances.values().min().copied().unwrap_or(0);
            let owing = balances.values().filter(|balance| **balance < 0).count();
            assert!(least >= 0, "{moment}: {least} on one of {owing} cards");
        }
    }
}
