//! The suite that every source of sales must pass, against both registers.

use glame_onec::{OnecSource, SalesRegister};
use glame_onec_simulator::Simulator;

use crate::shop::{open_shop, source_of};

async fn fresh(register: SalesRegister) -> (OnecSource, Simulator) {
    let shop = open_shop().await;
    (source_of(&shop, register), shop)
}

mod sales {
    use super::{OnecSource, SalesRegister, Simulator};

    async fn fresh() -> (OnecSource, Simulator) {
        super::fresh(SalesRegister::Sales).await
    }

    glame_core::sales_source_conformance!(fresh);
}

mod sales_by_cards {
    use super::{OnecSource, SalesRegister, Simulator};

    async fn fresh() -> (OnecSource, Simulator) {
        super::fresh(SalesRegister::SalesByCards).await
    }

    glame_core::sales_source_conformance!(fresh);
}
