//! The suites that every source must pass: of sales against both registers, of points both ways.

use glame_onec::{OnecSource, SalesRegister};
use glame_onec_simulator::{Fault, FaultRule, Simulator};

use crate::shop::{open_shop, plan, source_of};

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

mod points_by_balance {
    use super::{OnecSource, SalesRegister, Simulator};

    async fn fresh() -> (OnecSource, Simulator) {
        super::fresh(SalesRegister::Sales).await
    }

    glame_core::points_source_conformance!(fresh);
}

mod points_by_lines {
    use super::{Fault, FaultRule, OnecSource, SalesRegister, Simulator, plan};

    async fn fresh() -> (OnecSource, Simulator) {
        let (source, shop) = super::fresh(SalesRegister::Sales).await;
        shop.set_faults(plan([FaultRule::always(Fault::NoMethod)]));
        (source, shop)
    }

    glame_core::points_source_conformance!(fresh);
}
