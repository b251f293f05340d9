//! The numbers here were summed from the CSV by another program.

use glame_onec_simulator::{BaseSettings, SalesRegister};

use crate::client::{CARD_SALES, SALES, get, kopecks, start, text};

#[tokio::test]
async fn the_shop_holds_every_line_of_the_data_set() {
    let base = start(BaseSettings::OnlineRetail).await;
    let sales = base.oracle().totals(SalesRegister::Sales);
    assert_eq!((sales.all.lines, sales.all.documents), (541_909, 25_900));
    assert_eq!(sales.all.kopecks, 97_477_479_340);
    assert_eq!(
        (sales.anonymous.lines, sales.anonymous.documents),
        (135_080, 3_710)
    );
    assert_eq!(sales.anonymous.kopecks, 14_476_821_200);
    assert_eq!(sales.holders.len(), 4_372);
    let cards = base.oracle().totals(SalesRegister::CardSales);
    assert_eq!(cards.all.lines, 541_909 - 135_080);
    assert_eq!(cards.holders, sales.holders);
    let counted = get(&base, &format!("{SALES}/$count")).await;
    assert_eq!(counted.text(), "\u{feff}541909");
    let returns = "$filter=isof(Recorder,'Document_ЧекККМВозврат')";
    let counted = get(&base, &format!("{SALES}/$count?{returns}")).await;
    assert_eq!(counted.text(), "\u{feff}9288");
}

#[tokio::test]
async fn customers_have_the_totals_of_the_data_set() {
    let base = start(BaseSettings::OnlineRetail).await;
    let sales = base.oracle().totals(SalesRegister::Sales);
    for (customer, lines, sum, documents) in [
        ("НФ-017850", 312, 52_886_300, 35),
        ("НФ-012346", 2, 0, 2),
        ("НФ-014646", 2_085, 2_794_890_200, 77),
        ("НФ-018102", 433, 2_564_384_900, 62),
        ("НФ-016446", 4, 29_000, 3),
        ("НФ-012748", 4_642, 290_721_000, 224),
    ] {
        let path = format!("Catalog_Контрагенты?$filter=Code eq '{customer}'&$select=Ref_Key");
        let rows = get(&base, &path).await.rows();
        let holder = text(&rows[0], "Ref_Key");
        let totals = sales.holders[&holder.parse().unwrap()];
        let known = (totals.lines, totals.kopecks, totals.documents);
        assert_eq!(known, (lines, sum, documents), "{customer}");
        if documents < 60 {
            let path = format!("{CARD_SALES}?$filter=ВладелецКарты_Key eq guid'{holder}'");
            let rows = get(&base, &path).await.rows();
            assert_eq!(
                rows.iter().map(|row| kopecks(&row["Сумма"])).sum::<i64>(),
                sum
            );
        }
    }
}

#[tokio::test]
async fn months_have_the_lines_of_the_data_set() {
    let base = start(BaseSettings::OnlineRetail).await;
    for (from, to, lines) in [
        ("2010-12-01", "2011-01-01", 42_481),
        ("2011-02-01", "2011-03-01", 27_707),
        ("2011-11-01", "2011-12-01", 84_711),
        ("2011-12-01", "2012-01-01", 25_525),
    ] {
        let filter =
            format!("Period ge datetime'{from}T00:00:00' and Period lt datetime'{to}T00:00:00'");
        let counted = get(&base, &format!("{SALES}/$count?$filter={filter}")).await;
        assert_eq!(counted.text(), format!("\u{feff}{lines}"), "{from}");
    }
}

#[tokio::test]
async fn the_order_of_eighty_thousand_is_taken_back_by_its_cancellation() {
    let base = start(BaseSettings::OnlineRetail).await;
    let path = "Document_ЧекККМВозврат?$filter=Number eq 'НФОР-C581484'";
    let back = get(&base, path).await.rows().remove(0);
    let sale = format!("Document_ЧекККМ(guid'{}')", text(&back, "ЧекККМ_Key"));
    let sale = get(&base, &sale).await.json();
    assert_eq!(sale["Number"], "НФОР-581483");
    assert_eq!(sale["Запасы"][0]["Количество"], 80_995);
    assert_eq!(
        back["Запасы"][0]["Количество"], 80_995,
        "positive in the document"
    );
    let filter = format!(
        "$filter=Recorder eq cast(guid'{}','Document_ЧекККМВозврат')",
        text(&back, "Ref_Key")
    );
    let lines = get(&base, &format!("{SALES}?{filter}")).await.rows();
    assert_eq!(lines[0]["Количество"], -80_995, "negative in the register");
}

#[tokio::test]
async fn bad_debts_and_write_offs_are_corrections_of_registers() {
    let base = start(BaseSettings::OnlineRetail).await;
    let corrections = "$filter=isof(Recorder,'Document_КорректировкаРегистров')";
    let counted = get(&base, &format!("{SALES}/$count?{corrections}")).await;
    assert_eq!(counted.text(), "\u{feff}1339");
    let postage = "Catalog_Номенклатура?$filter=Артикул eq 'POST'";
    assert_eq!(
        get(&base, postage).await.rows()[0]["ТипНоменклатуры"],
        "Услуга"
    );
}
