use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::{AnalyticsError, CustomerAnalyticsService, Yardstick};
use crate::analytics::buying::{ChurnRisk, LifetimeValue};
use crate::analytics::shop::Learning;
use crate::analytics::{AsOf, CustomerOutlook, Foresight, MeasuredCustomer, ShopAnalysis};
use crate::ports::StorageError;
use crate::purchases::PurchaseHistory;
use crate::values::{ProductRef, UserId};

impl CustomerAnalyticsService {
    /// Fits the models to the whole shop and asks them about everybody, as of an instant.
    ///
    /// All histories are read twice, in pages: first the models learn, then they answer. Memory
    /// grows with the number of *different* histories alone. `each` sees every page of customers
    /// with what is to be expected of them, by user id. Nothing is stored.
    pub async fn analyse_shop(
        &self,
        as_of: AsOf,
        computed_at: DateTime<Utc>,
        mut each: impl FnMut(&[MeasuredCustomer], &[CustomerOutlook]) + Send,
    ) -> Result<ShopAnalysis, AnalyticsError> {
        let storage = self.storage.as_ref();
        let yardstick = Yardstick::find(storage, &self.policy, as_of).await?;
        let today = as_of.date(self.policy.zone);
        let mut learning = Learning::new(today, self.outlook, yardstick.categories.clone());
        let mut after = None;
        while let Some((last, customers)) = yardstick.survey_after(storage, after).await? {
            learning.add(&customers);
            after = Some(last);
        }
        let survey = learning.fit(as_of, self.outlook, self.threads.get());
        let mut survey = survey.ok_or(AnalyticsError::NoSuchDay)?;
        let mut after = None;
        while let Some((last, customers)) = yardstick.survey_after(storage, after).await? {
            let outlooks = survey.add(&customers);
            each(&customers, &outlooks);
            after = Some(last);
        }
        Ok(survey.finish(computed_at))
    }

    /// Keeps an analysis; it replaces the one before.
    pub async fn store_analysis(&self, analysis: &ShopAnalysis) -> Result<(), AnalyticsError> {
        let mut work = self.storage.begin().await?;
        work.put_shop_analysis(analysis).await?;
        Ok(work.commit().await?)
    }

    /// Gives the analysis that was stored last.
    pub async fn shop_analysis(&self) -> Result<ShopAnalysis, AnalyticsError> {
        let stored = self.storage.shop_analysis().await?;
        stored.ok_or(AnalyticsError::NothingAnalysed)
    }

    /// Tells whether two instants lie on one day of the shop's calendar.
    #[must_use]
    pub fn is_same_day(&self, one: AsOf, other: AsOf) -> bool {
        one.date(self.policy.zone) == other.date(self.policy.zone)
    }

    /// Looks ahead for one customer as of an instant, with the models that were fitted last.
    pub async fn outlook(
        &self,
        user: UserId,
        as_of: AsOf,
    ) -> Result<CustomerOutlook, AnalyticsError> {
        let analysis = self.shop_analysis().await?;
        let history = self.storage.history(user).await?;
        // The cut points of the stored scores serve: they may rest on the whole shop.
        let scoring = self.storage.scoring().await?;
        let scoring = scoring.ok_or(AnalyticsError::NothingMeasured)?;
        let known = analysis.next_category.as_ref();
        let yardstick = Yardstick {
            catalogue: self.articles_of(&history).await?,
            categories: known.map(|model| model.names().clone()).unwrap_or_default(),
            policy: &self.policy,
            as_of,
            non_customers: BTreeSet::new(),
            cuts: scoring.cuts,
        };
        let customer = [yardstick.survey(&history)];
        let foresight = Foresight {
            churn: self.outlook.churn,
            ..analysis.foresight()
        };
        let today = as_of.date(self.policy.zone);
        let mut outlooks = CustomerOutlook::of_page(&customer, foresight, today, 1);
        outlooks.pop().ok_or(AnalyticsError::NothingAnalysed)
    }

    /// Gives the value of a customer, past and to come.
    pub async fn get_ltv_metrics(
        &self,
        user: UserId,
        as_of: AsOf,
    ) -> Result<LifetimeValue, AnalyticsError> {
        Ok(self.outlook(user, as_of).await?.value)
    }

    /// Gives the risk that a customer has left, with what speaks for it.
    pub async fn get_churn_risk(
        &self,
        user: UserId,
        as_of: AsOf,
    ) -> Result<ChurnRisk, AnalyticsError> {
        Ok(self.outlook(user, as_of).await?.churn)
    }

    async fn articles_of(
        &self,
        history: &PurchaseHistory,
    ) -> Result<HashMap<ProductRef, crate::catalogue::Product>, StorageError> {
        let articles: BTreeSet<ProductRef> = history
            .lines()
            .iter()
            .filter_map(|line| line.product)
            .collect();
        let articles: Vec<ProductRef> = articles.into_iter().collect();
        let known = self.storage.products(&articles).await?.into_iter();
        Ok(known.map(|product| (product.product, product)).collect())
    }
}
