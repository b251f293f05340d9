use serde::{Deserialize, Serialize};

use super::super::Rhythm;

/// The languages in which reasons are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Russian.
    #[default]
    Russian,
    /// English.
    English,
}

/// One reason for a risk, with its figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "factor")]
pub enum ChurnFactor {
    /// There was never a purchase.
    NeverBought,
    /// The model's chance that the customer will still buy.
    Alive {
        /// From 0 to 1.
        probability: f64,
    },
    /// There was one purchase: the chance is that of all one-time buyers of this age.
    BoughtOnce,
    /// Nothing was bought for some time.
    Silent {
        /// Whole days.
        days: f64,
    },
    /// The silence is as long as the customer's gaps are, or longer.
    OwnRhythm {
        /// Whole days of silence.
        silent_days: u32,
        /// Half of the own gaps were at most so long.
        median_gap_days: u32,
        /// Nine tenths of them.
        long_gap_days: u32,
    },
    /// Purchases are rare.
    BuysSeldom {
        /// Purchases a month since the first one.
        per_month: f64,
    },
    /// The RFM score is low.
    LowScore {
        /// R + F + M.
        total: u8,
    },
}

impl ChurnFactor {
    pub(super) const fn of_rhythm(rhythm: Rhythm) -> Self {
        Self::OwnRhythm {
            silent_days: rhythm.silent_days,
            median_gap_days: rhythm.median_gap_days,
            long_gap_days: rhythm.long_gap_days,
        }
    }

    /// Tells the reason in words.
    ///
    /// ```
    /// use glame_core::analytics::buying::{ChurnFactor, Language};
    ///
    /// let silent = ChurnFactor::Silent { days: 92.0 };
    /// assert_eq!(silent.text(Language::Russian), "Не покупал 92 дня");
    /// assert_eq!(silent.text(Language::English), "No purchase for 92 days");
    /// ```
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::Russian => self.russian(),
            Language::English => self.english(),
        }
    }

    fn russian(&self) -> String {
        match *self {
            Self::NeverBought => "Ещё не покупал".to_owned(),
            Self::Alive { probability } => {
                format!(
                    "Вероятность, что клиент ещё купит: {:.0} %",
                    probability * 100.0
                )
            }
            Self::BoughtOnce => "Одна покупка: оценка по всем, кто покупал один раз".to_owned(),
            Self::Silent { days } => format!("Не покупал {}", russian_days(days)),
            Self::OwnRhythm {
                silent_days,
                median_gap_days,
                long_gap_days,
            } => format!(
                "Молчит {}; обычный перерыв {}, девять из десяти не длиннее {long_gap_days}",
                russian_days(f64::from(silent_days)),
                russian_days(f64::from(median_gap_days)),
            ),
            Self::BuysSeldom { per_month } => {
                let text = format!("Низкая частота покупок: {per_month:.2} в месяц");
                text.replace('.', ",")
            }
            Self::LowScore { total } => format!("Низкий RFM score: {total} из 15"),
        }
    }

    fn english(&self) -> String {
        match *self {
            Self::NeverBought => "Has never bought".to_owned(),
            Self::Alive { probability } => {
                format!(
                    "Will still buy with a chance of {:.0}%",
                    probability * 100.0
                )
            }
            Self::BoughtOnce => "One purchase: judged by all one-time buyers".to_owned(),
            Self::Silent { days } => format!("No purchase for {}", english_days(days)),
            Self::OwnRhythm {
                silent_days,
                median_gap_days,
                long_gap_days,
            } => format!(
                "Silent for {}; the usual gap is {}, nine in ten are no longer than {long_gap_days}",
                english_days(f64::from(silent_days)),
                english_days(f64::from(median_gap_days)),
            ),
            Self::BuysSeldom { per_month } => format!("Buys seldom: {per_month:.2} a month"),
            Self::LowScore { total } => format!("Low RFM score: {total} of 15"),
        }
    }
}

/// Writes days with the ending that the number asks for.
fn russian_days(days: f64) -> String {
    let (of_hundred, units) = (days % 100.0, days % 10.0);
    let teens = (10.5..19.5).contains(&of_hundred);
    let word = if !teens && (0.5..1.5).contains(&units) {
        "день"
    } else if !teens && (1.5..4.5).contains(&units) {
        "дня"
    } else {
        "дней"
    };
    format!("{days:.0} {word}")
}

fn english_days(days: f64) -> String {
    let word = if (0.5..1.5).contains(&days) {
        "day"
    } else {
        "days"
    };
    format!("{days:.0} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_russian_counts_them() {
        let counted = [
            (0.0, "0 дней"),
            (1.0, "1 день"),
            (2.0, "2 дня"),
            (5.0, "5 дней"),
            (11.0, "11 дней"),
            (21.0, "21 день"),
            (92.0, "92 дня"),
            (112.0, "112 дней"),
            (181.0, "181 день"),
        ];
        for (days, text) in counted {
            assert_eq!(russian_days(days), text);
        }
    }

    #[test]
    fn every_factor_is_told_in_both_languages() {
        let factors = [
            ChurnFactor::NeverBought,
            ChurnFactor::Alive { probability: 0.42 },
            ChurnFactor::BoughtOnce,
            ChurnFactor::Silent { days: 1.0 },
            ChurnFactor::OwnRhythm {
                silent_days: 33,
                median_gap_days: 14,
                long_gap_days: 21,
            },
            ChurnFactor::BuysSeldom { per_month: 0.25 },
            ChurnFactor::LowScore { total: 5 },
        ];
        let russian: Vec<String> = factors.map(|factor| factor.text(Language::Russian)).into();
        assert_eq!(russian[1], "Вероятность, что клиент ещё купит: 42 %");
        assert_eq!(
            russian[4],
            "Молчит 33 дня; обычный перерыв 14 дней, девять из десяти не длиннее 21"
        );
        assert_eq!(russian[5], "Низкая частота покупок: 0,25 в месяц");
        let english: Vec<String> = factors.map(|factor| factor.text(Language::English)).into();
        assert_eq!(english[3], "No purchase for 1 day");
        assert_eq!(english[6], "Low RFM score: 5 of 15");
    }
}
