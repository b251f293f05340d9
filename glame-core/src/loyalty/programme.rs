use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::Rate;
use crate::values::{Money, Points};

/// The rules of a loyalty programme. They are data, named and numbered in every transaction.
///
/// Two profiles ship: [`guide`](Self::guide), which is the default, and
/// [`ladder`](Self::ladder). Change `version` with every change of the rules: what has been
/// credited keeps the rule under which it was credited.
///
/// ```
/// use glame_core::loyalty::LoyaltyProgramme;
///
/// let ours: LoyaltyProgramme = serde_json::from_str(
///     r#"{"id": "spring", "version": 3, "earning": {"base": {"flat": {"rate": "0.02"}}}}"#,
/// )?;
/// assert!(ours.check().is_ok());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoyaltyProgramme {
    /// The name that transactions carry.
    pub id: String,
    /// The number of this version of the rules.
    pub version: u32,
    /// The zone of the programme's calendar.
    pub zone: Tz,
    /// The first day whose receipts earn; without one, every receipt does.
    pub starts_on: Option<NaiveDate>,
    /// How receipts earn.
    pub earning: EarningRules,
    /// How points are spent.
    pub redemption: RedemptionRules,
    /// How returns take points back.
    pub returns: ReturnRules,
    /// Points that are given without a receipt.
    pub bonuses: BonusRules,
    /// The levels that customers see, lowest first.
    pub levels: Vec<Level>,
}

/// How receipts earn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EarningRules {
    /// The share of the money paid.
    pub base: BaseRate,
    /// What multiplies it.
    pub factors: Vec<FactorRule>,
    /// How several factors go together.
    pub stacking: Stacking,
    /// The most that one receipt earns.
    pub receipt_cap: Option<Points>,
    /// How many days after the purchase the points can be spent.
    pub available_after_days: u32,
    /// How many days after the purchase the points expire; without it, never.
    pub expires_after_days: Option<u32>,
}

/// The share of the money paid that becomes points, one point for a rouble of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum BaseRate {
    /// The same for everybody.
    Flat {
        /// The share.
        rate: Rate,
    },
    /// By what the customer had spent before the purchase.
    BySpend {
        /// The steps, lowest first; the first begins at nothing.
        steps: Vec<SpendStep>,
    },
}

/// One step of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpendStep {
    /// The lifetime spend from which the step holds.
    pub from: Money,
    /// The share.
    pub rate: Rate,
}

/// What multiplies the points of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum FactorRule {
    /// The customer is a VIP when the receipt is credited.
    Vip {
        /// The multiplier.
        factor: Rate,
    },
    /// The receipt is worth strictly more than so many times the average of the earlier ones.
    AboveAverage {
        /// The multiplier.
        factor: Rate,
        /// How many times the average.
        times: Rate,
        /// How many earlier receipts there must be.
        earlier_receipts: u32,
    },
    /// The purchase falls on the days around the birthday, ends included.
    Birthday {
        /// The multiplier.
        factor: Rate,
        /// How many days before count.
        days_before: u32,
        /// How many days after count.
        days_after: u32,
    },
}

/// How several factors go together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stacking {
    /// They multiply: ×1.5 and ×2 give ×3.
    #[default]
    Product,
    /// The greatest alone holds: ×1.5 and ×2 give ×2.
    Max,
    /// What they add is added up: ×1.5 and ×2 give ×2.5.
    Sum,
}

/// How points are spent. One point is one rouble of discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedemptionRules {
    /// The least that is spent at once.
    pub minimum: Points,
    /// The greatest share of a receipt that points pay; a spend must then tell the receipt's sum.
    pub receipt_share: Option<Rate>,
}

/// How returns take points back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReturnRules {
    /// What happens when the points of the receipt have been spent already.
    pub policy: ReturnPolicy,
    /// How many days points live that come back from a purchase after they had expired; once.
    pub grace_days: u32,
}

/// What a return may take when the points of its receipt have been spent already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnPolicy {
    /// Only points of the receipt that cannot be spent yet; the rest is forgiven.
    OnlyPending,
    /// What the customer has; the rest is forgiven.
    WithinBalance,
    /// All of it; what is missing is a debt that the next credits repay.
    #[default]
    AllowDebt,
}

/// Points that are given without a receipt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BonusRules {
    /// For the birthday.
    pub birthday: Option<BirthdayBonus>,
    /// For each level that is reached, once.
    pub level_up: Option<LevelBonus>,
}

/// A present for the birthday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BirthdayBonus {
    /// How many points.
    pub points: Points,
    /// How many days before the birthday they are given.
    pub days_before: u32,
    /// How many days they live.
    pub expires_after_days: u32,
}

/// A present for a new level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelBonus {
    /// How many points.
    pub points: Points,
    /// How many days they live.
    pub expires_after_days: u32,
}

/// A level of the programme: both conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The name that occasions of bonuses carry.
    pub id: String,
    /// The name that customers see.
    pub name: String,
    /// How many receipts it takes.
    #[serde(default)]
    pub receipts: u32,
    /// How much must have been spent.
    #[serde(default)]
    pub spent: Money,
}

/// Tells what is wrong with the rules of a programme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgrammeError {
    /// The name is empty or long.
    #[error("the programme's id must have 1 to 50 characters of a-z, 0-9, - and _")]
    Id,
    /// A ladder does not begin at nothing, or its steps do not rise.
    #[error("the steps of the base rate must begin at 0 and rise")]
    Steps,
    /// A later step of a ladder gives less: more money would earn fewer points.
    #[error("the rates of the steps must not fall")]
    FallingRates,
    /// A factor would lower the points.
    #[error("a factor must be at least 1")]
    LoweringFactor,
    /// The same kind of factor stands there twice, or there are too many.
    #[error("each kind of factor may be given once")]
    RepeatedFactor,
    /// A birthday window is longer than a year can hold.
    #[error("a birthday window has at most 100 days on each side")]
    BirthdayWindow,
    /// A number of days is beyond every calendar.
    #[error("a number of days must be at most 36500")]
    Days,
    /// Levels do not rise, do not begin at nothing, or share a name.
    #[error("levels must begin at nothing, rise, and have different ids")]
    Levels,
}

/// The most days that a rule may speak of.
const MOST_DAYS: u32 = 36_500;

impl Default for LoyaltyProgramme {
    fn default() -> Self {
        Self::guide()
    }
}

impl Default for EarningRules {
    fn default() -> Self {
        Self {
            base: BaseRate::Flat { rate: percent(1) },
            factors: vec![
                FactorRule::Vip { factor: tenths(15) },
                FactorRule::AboveAverage {
                    factor: tenths(12),
                    times: tenths(15),
                    earlier_receipts: 3,
                },
                FactorRule::Birthday {
                    factor: tenths(20),
                    days_before: 7,
                    days_after: 7,
                },
            ],
            stacking: Stacking::Product,
            receipt_cap: None,
            available_after_days: 0,
            expires_after_days: None,
        }
    }
}

impl Default for RedemptionRules {
    fn default() -> Self {
        Self {
            minimum: points(100),
            receipt_share: None,
        }
    }
}

impl Default for ReturnRules {
    fn default() -> Self {
        Self {
            policy: ReturnPolicy::AllowDebt,
            grace_days: 30,
        }
    }
}

impl LoyaltyProgramme {
    /// Gives the guide's programme: 1 %, ×1.5 for VIP, ×1.2 above the average, ×2 around the birthday.
    #[must_use]
    pub fn guide() -> Self {
        Self {
            id: "guide".to_owned(),
            version: 1,
            zone: chrono_tz::Europe::Moscow,
            starts_on: None,
            earning: EarningRules::default(),
            redemption: RedemptionRules::default(),
            returns: ReturnRules::default(),
            bonuses: BonusRules::default(),
            levels: vec![
                level("new", "Новый клиент", 0, 0),
                level("active", "Активный", 5, 0),
                level("vip", "VIP", 10, 50_000),
            ],
        }
    }

    /// Gives the ladder by lifetime spend: 3 %, 5 % from 50 000 ₽, 7 % from 150 000, 10 % from 300 000.
    #[must_use]
    pub fn ladder() -> Self {
        let steps = [(0, 3), (50_000, 5), (150_000, 7), (300_000, 10)];
        Self {
            id: "ladder".to_owned(),
            earning: EarningRules {
                base: BaseRate::BySpend {
                    steps: steps
                        .map(|(from, rate)| SpendStep {
                            from: roubles(from),
                            rate: percent(rate),
                        })
                        .to_vec(),
                },
                factors: Vec::new(),
                ..EarningRules::default()
            },
            levels: steps
                .map(|(from, rate)| {
                    level(&format!("percent-{rate}"), &format!("{rate} %"), 0, from)
                })
                .to_vec(),
            ..Self::guide()
        }
    }

    /// Finds a shipped profile by its name: `guide` or `ladder`.
    #[must_use]
    pub fn profile(name: &str) -> Option<Self> {
        match name {
            "guide" => Some(Self::guide()),
            "ladder" => Some(Self::ladder()),
            _ => None,
        }
    }

    /// Gives the name and version that transactions carry.
    #[must_use]
    pub fn rule(&self) -> RuleRef {
        RuleRef {
            id: self.id.clone(),
            version: self.version,
        }
    }

    /// Checks that the rules hold together.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn check(&self) -> Result<(), ProgrammeError> {
        if !is_name(&self.id) {
            return Err(ProgrammeError::Id);
        }
        self.earning.check()?;
        let days = [
            Some(self.returns.grace_days),
            self.bonuses.birthday.map(|bonus| bonus.expires_after_days),
            self.bonuses.level_up.map(|bonus| bonus.expires_after_days),
        ];
        if days.into_iter().flatten().any(|days| days > MOST_DAYS) {
            return Err(ProgrammeError::Days);
        }
        if self
            .bonuses
            .birthday
            .is_some_and(|bonus| bonus.days_before > 100)
        {
            return Err(ProgrammeError::BirthdayWindow);
        }
        self.check_levels()
    }

    fn check_levels(&self) -> Result<(), ProgrammeError> {
        let begins = self
            .levels
            .first()
            .is_none_or(|first| first.receipts == 0 && first.spent == Money::ZERO);
        let rises = self.levels.windows(2).all(|pair| {
            let (lower, upper) = (&pair[0], &pair[1]);
            (lower.receipts, lower.spent) != (upper.receipts, upper.spent)
                && lower.receipts <= upper.receipts
                && lower.spent <= upper.spent
        });
        let mut ids: Vec<&str> = self.levels.iter().map(|level| level.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let named = self.levels.iter().all(|level| is_name(&level.id));
        if begins && rises && named && ids.len() == self.levels.len() {
            Ok(())
        } else {
            Err(ProgrammeError::Levels)
        }
    }
}

impl EarningRules {
    fn check(&self) -> Result<(), ProgrammeError> {
        if let BaseRate::BySpend { steps } = &self.base {
            let begins = steps.first().is_some_and(|step| step.from == Money::ZERO);
            if !begins || steps.windows(2).any(|pair| pair[0].from >= pair[1].from) {
                return Err(ProgrammeError::Steps);
            }
            if steps.windows(2).any(|pair| pair[0].rate > pair[1].rate) {
                return Err(ProgrammeError::FallingRates);
            }
        }
        if self.factors.iter().any(|rule| rule.factor() < Rate::ONE) {
            return Err(ProgrammeError::LoweringFactor);
        }
        let mut kinds: Vec<FactorKind> = self.factors.iter().map(FactorRule::kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.len() != self.factors.len() {
            return Err(ProgrammeError::RepeatedFactor);
        }
        let long_window = self.factors.iter().any(|rule| match rule {
            FactorRule::Birthday {
                days_before,
                days_after,
                ..
            } => *days_before > 100 || *days_after > 100,
            FactorRule::Vip { .. } | FactorRule::AboveAverage { .. } => false,
        });
        if long_window {
            return Err(ProgrammeError::BirthdayWindow);
        }
        if self.available_after_days > MOST_DAYS
            || self.expires_after_days.is_some_and(|days| days > MOST_DAYS)
        {
            return Err(ProgrammeError::Days);
        }
        Ok(())
    }
}

impl FactorRule {
    /// Gives the multiplier.
    #[must_use]
    pub const fn factor(&self) -> Rate {
        match self {
            Self::Vip { factor }
            | Self::AboveAverage { factor, .. }
            | Self::Birthday { factor, .. } => *factor,
        }
    }

    /// Gives the kind of the rule.
    #[must_use]
    pub const fn kind(&self) -> FactorKind {
        match self {
            Self::Vip { .. } => FactorKind::Vip,
            Self::AboveAverage { .. } => FactorKind::AboveAverage,
            Self::Birthday { .. } => FactorKind::Birthday,
        }
    }
}

/// What a factor is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// The customer is a VIP.
    Vip,
    /// The receipt is above the average.
    AboveAverage,
    /// It is the birthday.
    Birthday,
}

/// Names the rules under which a transaction was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleRef {
    /// The name of the programme or of the bonus.
    pub id: String,
    /// The version of its rules.
    pub version: u32,
}

/// Tells whether a text may name a programme, a bonus or a level.
pub(super) fn is_name(text: &str) -> bool {
    (1..=50).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

fn level(id: &str, name: &str, receipts: u32, spent: i64) -> Level {
    Level {
        id: id.to_owned(),
        name: name.to_owned(),
        receipts,
        spent: roubles(spent),
    }
}

const fn roubles(roubles: i64) -> Money {
    Money::from_kopecks(roubles * 100)
}

const fn points(points: i64) -> Points {
    match Points::try_new(points) {
        Ok(points) => points,
        Err(_) => Points::ZERO,
    }
}

fn percent(percent: u32) -> Rate {
    Rate::try_from_parts(percent * 100).unwrap_or(Rate::MAX)
}

fn tenths(tenths: u32) -> Rate {
    Rate::try_from_parts(tenths * 1_000).unwrap_or(Rate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_profiles_hold() {
        for name in ["guide", "ladder"] {
            let programme = LoyaltyProgramme::profile(name).unwrap();
            assert_eq!(programme.check(), Ok(()), "{name}");
            assert_eq!(programme.id, name);
            let json = serde_json::to_string(&programme).unwrap();
            assert_eq!(
                serde_json::from_str::<LoyaltyProgramme>(&json).unwrap(),
                programme
            );
        }
        assert_eq!(LoyaltyProgramme::profile("gold"), None);
    }

    #[test]
    fn rules_that_contradict_themselves_are_refused() {
        let with = |change: fn(&mut LoyaltyProgramme)| {
            let mut programme = LoyaltyProgramme::ladder();
            change(&mut programme);
            programme.check()
        };
        let steps = |steps: &[(i64, u32)]| BaseRate::BySpend {
            steps: steps
                .iter()
                .map(|(from, rate)| SpendStep {
                    from: roubles(*from),
                    rate: percent(*rate),
                })
                .collect(),
        };
        assert_eq!(with(|p| p.id = "Весна".to_owned()), Err(ProgrammeError::Id));
        assert_eq!(
            with(|p| p.returns.grace_days = 36_501),
            Err(ProgrammeError::Days)
        );
        assert_eq!(
            with(|p| p.earning.factors = vec![FactorRule::Vip { factor: Rate::ZERO }]),
            Err(ProgrammeError::LoweringFactor)
        );
        assert_eq!(
            with(|p| p.earning.factors = vec![FactorRule::Vip { factor: Rate::ONE }; 2]),
            Err(ProgrammeError::RepeatedFactor)
        );
        assert_eq!(with(|p| p.levels.reverse()), Err(ProgrammeError::Levels));
        let mut programme = LoyaltyProgramme::ladder();
        for (ladder, expected) in [
            (steps(&[]), ProgrammeError::Steps),
            (steps(&[(1, 3)]), ProgrammeError::Steps),
            (steps(&[(0, 3), (0, 5)]), ProgrammeError::Steps),
            (steps(&[(0, 5), (10, 3)]), ProgrammeError::FallingRates),
        ] {
            programme.earning.base = ladder;
            assert_eq!(programme.check(), Err(expected));
        }
    }

    #[test]
    fn an_unknown_rule_is_refused() {
        assert!(serde_json::from_str::<LoyaltyProgramme>(r#"{"multiplier": 2}"#).is_err());
    }
}
