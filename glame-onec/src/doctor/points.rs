use super::{Check, Examination, FindingStatus, advice_on, tick};
use crate::metadata::PublishedSets;
use crate::points::balance_url_of;
use crate::records::Set;
use crate::records::bonus_points::BONUS_POINTS;
use crate::settings::BonusPoints;

impl Examination<'_> {
    /// Tells whether a set is read with these settings.
    pub(super) fn reads(&self, set: &Set) -> bool {
        set.name != BONUS_POINTS.name
            || self.source.base().settings().bonus_points == BonusPoints::Reconciled
    }

    /// Checks the register of bonus points as far as it is read.
    pub(super) async fn check_points(&mut self, published: &PublishedSets) {
        let (set, read) = (&BONUS_POINTS, self.reads(&BONUS_POINTS));
        self.capabilities.balance_published = published.contains(set.name);
        let (check, name) = (Check::Publication, Some(set.name));
        match (published.contains(set.name), read) {
            (true, true) => {
                self.found(check, name, "published");
                self.check_rights(set).await;
                self.check_balances().await;
            }
            (true, false) => self.found(check, name, "published; the settings do not ask for it"),
            (false, true) => {
                let message = "not published, and the points of 1C cannot be read without it";
                self.fail(check, name, message, tick(set.title, set.meaning));
            }
            (false, false) => {
                let message = "not published; only a shop whose points are kept in 1C needs it";
                let advice = tick(set.title, set.meaning);
                self.add(
                    check,
                    name,
                    FindingStatus::Ok,
                    message.to_owned(),
                    Some(advice),
                );
            }
        }
    }

    /// Finds out whether 1C gives balances, or their lines must be summed.
    async fn check_balances(&mut self) {
        let base = self.source.base();
        let (set, check) = (&BONUS_POINTS, Check::Balances);
        let Some(now) = base.now() else { return };
        let outcome = base
            .virtual_table(balance_url_of(base, now), set, &self.meter)
            .await;
        self.capabilities.balance_ok = Some(outcome.is_ok());
        match outcome {
            Ok(_) => self.found(check, Some(set.name), "1C gives balances"),
            Err(fault) if fault.leaves_another_way() => {
                let advice = "nothing to do: the lines of the register are summed instead, which \
                              takes more requests";
                self.warn(check, Some(set.name), fault.to_string(), advice.to_owned());
            }
            Err(fault) => {
                self.fail(check, Some(set.name), fault.to_string(), advice_on(&fault));
            }
        }
    }
}
