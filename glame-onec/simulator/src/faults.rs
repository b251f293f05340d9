//! What can go wrong, how often, and in which order.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::dice::Dice;
use crate::filter::lexer::decimal;

/// One way in which a real base, or what stands before it, lets its client down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first byte comes only after [`FaultPlan::first_byte_delay`].
    SlowFirstByte,
    /// The body stops in its middle for [`FaultPlan::stall`], then goes on.
    Stall,
    /// The connection is cut in the middle of the body.
    Reset,
    /// The body ends in its middle, and HTTP says that it is complete.
    TruncatedJson,
    /// 500 for a lack of memory, when a query spans more lines of a register than this.
    Memory {
        /// The widest window that is still answered.
        lines: usize,
    },
    /// 500 with code −1 and the text of a configuration's exception.
    Business,
    /// 500 that mentions AUTOORDER, when a register is asked with `$orderby`.
    AutoOrder,
    /// 401 with code 20: no rights to some row.
    Rights,
    /// 401 from the web server: the password is not accepted.
    Auth,
    /// 406 with an XML exception: the session has ended.
    StaleSession,
    /// 500 with the text of the licence manager.
    License,
    /// 429 with `Retry-After`.
    TooMany,
    /// 502 in HTML.
    BadGateway,
    /// 503 in HTML.
    Unavailable,
    /// 504 in HTML.
    Timeout,
    /// 200 with a page that says that the service is being updated.
    Maintenance,
    /// 302 to a login page on another origin.
    Redirect,
    /// 200 with JSON that lacks `value`.
    MissingValue,
    /// A row of the page comes twice.
    DuplicateRows,
    /// Before the page is read, somebody enters one more receipt in the middle of the past.
    InsertedRows,
    /// The set is suddenly not published: 404 with code 8.
    Unpublished,
    /// A selected field has another name since the last update: 400 with code 6.
    RenamedField,
    /// `$filter` is refused: 400 „Операция не разрешена в предложении ГДЕ“.
    FilterRefused,
    /// A virtual table is not served: 400 with code 6 „Метод не найден“.
    NoMethod,
    /// 200 with a body that never ends.
    HugePage,
}

/// The widest window, in lines, when `memory_500` is asked for by name.
const MEMORY_LINES: usize = 10_000;

impl Fault {
    /// Every fault, in the order of the documentation.
    pub const ALL: [Self; 25] = [
        Self::SlowFirstByte,
        Self::Stall,
        Self::Reset,
        Self::TruncatedJson,
        Self::Memory {
            lines: MEMORY_LINES,
        },
        Self::Business,
        Self::AutoOrder,
        Self::Rights,
        Self::Auth,
        Self::StaleSession,
        Self::License,
        Self::TooMany,
        Self::BadGateway,
        Self::Unavailable,
        Self::Timeout,
        Self::Maintenance,
        Self::Redirect,
        Self::MissingValue,
        Self::DuplicateRows,
        Self::InsertedRows,
        Self::Unpublished,
        Self::RenamedField,
        Self::FilterRefused,
        Self::NoMethod,
        Self::HugePage,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SlowFirstByte => "slow_first_byte",
            Self::Stall => "stall",
            Self::Reset => "reset",
            Self::TruncatedJson => "truncated_json",
            Self::Memory { .. } => "memory_500",
            Self::Business => "business_500",
            Self::AutoOrder => "autoorder_500",
            Self::Rights => "rights_401",
            Self::Auth => "auth_401",
            Self::StaleSession => "stale_session_406",
            Self::License => "license_500",
            Self::TooMany => "too_many_429",
            Self::BadGateway => "bad_gateway_502",
            Self::Unavailable => "unavailable_503",
            Self::Timeout => "timeout_504",
            Self::Maintenance => "maintenance_html_200",
            Self::Redirect => "redirect_302",
            Self::MissingValue => "missing_value_200",
            Self::DuplicateRows => "duplicate_rows",
            Self::InsertedRows => "inserted_rows",
            Self::Unpublished => "unpublished_404",
            Self::RenamedField => "renamed_field_400",
            Self::FilterRefused => "filter_refused_400",
            Self::NoMethod => "no_method_400",
            Self::HugePage => "huge_page",
        }
    }
}

/// The word is not the name of a fault, or its rate is not a share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseFaultError {
    /// No fault has this name.
    #[error("unknown fault {0:?}; --help lists the names")]
    UnknownName(String),
    /// The text after `=` is not a number from 0 to 1.
    #[error("rate {0:?} is not a number from 0 to 1")]
    BadRate(String),
}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(name: &str) -> Result<Self, ParseFaultError> {
        Self::ALL
            .into_iter()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| ParseFaultError::UnknownName(name.to_owned()))
    }
}

/// A share of requests, from none to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    per_million: u32,
}

impl Rate {
    /// Every request.
    pub const ALWAYS: Self = Self {
        per_million: 1_000_000,
    };

    /// So many requests of a hundred.
    #[must_use]
    pub fn percent(percent: u8) -> Self {
        Self {
            per_million: u32::from(percent.min(100)) * 10_000,
        }
    }
}

impl FromStr for Rate {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let bad = || ParseFaultError::BadRate(text.to_owned());
        let (units, scale) = decimal(text).ok_or_else(bad)?;
        let power = 10_i64.checked_pow(u32::from(scale)).ok_or_else(bad)?;
        if !(0..=power).contains(&units) {
            return Err(bad());
        }
        let per_million = i128::from(units) * 1_000_000 / i128::from(power);
        Ok(Self {
            per_million: u32::try_from(per_million).map_err(|_| bad())?,
        })
    }
}

/// When one fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// Which share of the requests that the rest of the rule lets through.
    pub rate: Rate,
    /// How many requests of the rule's set pass unharmed first.
    pub after: u64,
    /// Only requests to this set.
    pub only_on: Option<String>,
    /// How often in all.
    pub times: Option<u64>,
}

impl FaultRule {
    /// Strikes every request.
    #[must_use]
    pub const fn always(fault: Fault) -> Self {
        Self {
            fault,
            rate: Rate::ALWAYS,
            after: 0,
            only_on: None,
            times: None,
        }
    }

    /// Strikes one request, the first that it can.
    #[must_use]
    pub const fn once(fault: Fault) -> Self {
        Self::always(fault).times(1)
    }

    /// Strikes only this share of the requests.
    #[must_use]
    pub const fn at_rate(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// Lets so many requests pass first.
    #[must_use]
    pub const fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    /// Strikes only requests to this set.
    #[must_use]
    pub fn only_on(mut self, set: impl Into<String>) -> Self {
        self.only_on = Some(set.into());
        self
    }

    /// Strikes so often in all.
    #[must_use]
    pub const fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }
}

impl FromStr for FaultRule {
    type Err = ParseFaultError;

    /// Reads `NAME` or `NAME=RATE`.
    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        match text.split_once('=') {
            None => Ok(Self::always(text.parse()?)),
            Some((name, rate)) => Ok(Self::always(name.parse()?).at_rate(rate.parse()?)),
        }
    }
}

impl fmt::Display for FaultRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.fault.name())
    }
}

/// All that goes wrong in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultPlan {
    /// Tried in this order; the first that strikes wins.
    pub rules: Vec<FaultRule>,
    /// Draws the rates; the same seed strikes the same requests.
    pub seed: u64,
    /// How long [`Fault::SlowFirstByte`] waits; real bases take 11 to 30 seconds.
    pub first_byte_delay: Duration,
    /// How long [`Fault::Stall`] waits.
    pub stall: Duration,
    /// What [`Fault::TooMany`] says in `Retry-After`.
    pub retry_after: Duration,
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            seed: 0,
            first_byte_delay: Duration::from_secs(11),
            stall: Duration::from_mins(2),
            retry_after: Duration::from_secs(1),
        }
    }
}

impl FaultPlan {
    /// A plan of these rules with the usual delays.
    #[must_use]
    pub fn of(rules: impl IntoIterator<Item = FaultRule>) -> Self {
        Self {
            rules: rules.into_iter().collect(),
            ..Self::default()
        }
    }
}

/// What a rule must know about a request to decide whether its fault makes sense.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a request does each of these or not, independently"
)]
pub(crate) struct Occasion<'a> {
    pub(crate) set: &'a str,
    pub(crate) orders_a_register: bool,
    pub(crate) selects: bool,
    pub(crate) filters: bool,
    pub(crate) calls_a_method: bool,
    /// How many lines of a register the query spans.
    pub(crate) lines: Option<usize>,
}

/// A plan that is being carried out.
#[derive(Debug, Default)]
pub(crate) struct FaultRun {
    plan: FaultPlan,
    /// For each rule: requests seen, and strikes.
    progress: Vec<(u64, u64)>,
    draws: usize,
}

impl FaultRun {
    pub(crate) fn new(plan: FaultPlan) -> Self {
        Self {
            progress: vec![(0, 0); plan.rules.len()],
            plan,
            draws: 0,
        }
    }

    pub(crate) const fn plan(&self) -> &FaultPlan {
        &self.plan
    }

    /// Decides what happens to one request.
    pub(crate) fn strike(&mut self, occasion: Occasion<'_>) -> Option<Fault> {
        for (rule, (seen, strikes)) in self.plan.rules.iter().zip(&mut self.progress) {
            if rule
                .only_on
                .as_deref()
                .is_some_and(|set| set != occasion.set)
                || !rule.fault.makes_sense(occasion)
            {
                continue;
            }
            *seen += 1;
            if *seen <= rule.after || rule.times.is_some_and(|times| *strikes >= times) {
                continue;
            }
            self.draws += 1;
            let draw = Dice::roll(self.plan.seed, 0xfa17, self.draws).number_below(1_000_000);
            if draw < rule.rate.per_million {
                *strikes += 1;
                return Some(rule.fault);
            }
        }
        None
    }
}

impl Fault {
    fn makes_sense(self, occasion: Occasion<'_>) -> bool {
        if let Self::Memory { lines } = self {
            return occasion.lines.is_some_and(|spanned| spanned > lines);
        }
        (self != Self::AutoOrder || occasion.orders_a_register)
            && (self != Self::RenamedField || occasion.selects)
            && (self != Self::FilterRefused || occasion.filters)
            && (self != Self::NoMethod || occasion.calls_a_method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCCASION: Occasion<'_> = Occasion {
        set: "Catalog_X",
        orders_a_register: false,
        selects: false,
        filters: false,
        calls_a_method: false,
        lines: Some(500),
    };

    fn strikes(rule: FaultRule, requests: usize) -> usize {
        let mut run = FaultRun::new(FaultPlan::of([rule]));
        (0..requests)
            .filter(|_| run.strike(OCCASION).is_some())
            .count()
    }

    #[test]
    fn names_and_rates_are_read_from_the_command_line() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(fault));
        }
        let rule: FaultRule = "reset=0.05".parse().unwrap();
        assert_eq!((rule.fault, rule.rate), (Fault::Reset, Rate::percent(5)));
        assert!("reset=1.5".parse::<FaultRule>().is_err());
        assert!("rest".parse::<FaultRule>().is_err());
    }

    #[test]
    fn rules_count_their_own_requests() {
        let always = FaultRule::always(Fault::Reset);
        assert_eq!(strikes(always.clone(), 10), 10);
        assert_eq!(strikes(always.clone().after(4), 10), 6);
        assert_eq!(strikes(always.clone().times(3), 10), 3);
        assert_eq!(strikes(always.clone().only_on("Catalog_Y"), 10), 0);
        assert_eq!(
            strikes(FaultRule::always(Fault::Memory { lines: 500 }), 10),
            0
        );
        assert_eq!(
            strikes(FaultRule::always(Fault::Memory { lines: 499 }), 10),
            10
        );
        let some = strikes(always.at_rate(Rate::percent(20)), 1_000);
        assert!((150..250).contains(&some), "{some} of 1000 at 20 %");
    }
}
