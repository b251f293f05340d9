//! Scenarios for property tests: any seed gives one that can be carried out.

use super::{Closing, Good, Pick, Scenario, ScenarioStep, Share, When};
use crate::dice::Dice;

/// Invents a scenario of so many steps for any base; the same seed gives the same one.
///
/// Every shift that it opens it also closes, at the latest in its last steps.
#[must_use]
pub fn random_scenario(seed: u64, steps: usize) -> Scenario {
    let mut writer = Writer {
        dice: Dice::roll(seed, 0x5ce0, 0),
        open: None,
        shifts: 0,
        made: 0,
    };
    let mut written = Vec::with_capacity(steps);
    while written.len() < steps {
        let last = written.len() + 1 == steps;
        let step = writer.closing(last).unwrap_or_else(|| writer.step(last));
        written.push(step);
    }
    Scenario::of(written)
}

struct Writer {
    dice: Dice,
    open: Option<OpenShift>,
    shifts: usize,
    made: usize,
}

struct OpenShift {
    name: String,
    /// Thousandths of the base's time.
    share: u16,
    receipts: usize,
}

impl Writer {
    fn draw(&mut self) -> Dice {
        self.dice = self.dice.again();
        self.dice
    }

    fn pick(&mut self) -> Pick {
        Pick::Nth(self.draw().below(1_000_000))
    }

    fn share(&mut self) -> u16 {
        u16::try_from(self.draw().below(990)).unwrap_or(0)
    }

    fn goods(&mut self) -> Vec<Good> {
        let count = 1 + self.draw().below(3);
        (0..count)
            .map(|_| {
                let pieces = 1 + i64::from(self.draw().number_below(3));
                let kopecks = pieces * i64::from(self.draw().number_below(2_000_000));
                Good {
                    product: self.pick(),
                    thousandths: pieces * 1_000,
                    kopecks,
                }
            })
            .collect()
    }

    /// Closes the open shift when it is full, or when there is no other step left.
    fn closing(&mut self, last: bool) -> Option<ScenarioStep> {
        let full = self
            .open
            .as_ref()
            .is_some_and(|open| last || open.receipts >= 3);
        let open = if full { self.open.take()? } else { return None };
        let closing = if self.draw().percent(75) {
            Closing::Archive
        } else {
            Closing::Keep
        };
        Some(ScenarioStep::CloseShift {
            shift: open.name,
            at: When::Share(open.share + 1),
            closing,
        })
    }

    fn step(&mut self, last: bool) -> ScenarioStep {
        let document = self.pick();
        match self.draw().below(20) {
            // The last step must not open a shift that nobody closes.
            0..4 if !last => self.receipt_in_shift(),
            0..6 => {
                let card = if self.draw().percent(80) {
                    Some(self.pick())
                } else {
                    None
                };
                let (at, goods) = (When::Share(self.share()), self.goods());
                ScenarioStep::Receipt {
                    name: None,
                    at,
                    card,
                    goods,
                    shift: None,
                }
            }
            6 => ScenarioStep::Renumber { document },
            7 => ScenarioStep::DropLine { document },
            8 => {
                let kopecks = i64::from(self.draw().number_below(3_000_000));
                ScenarioStep::Reprice { document, kopecks }
            }
            9 => {
                let days = i32::try_from(self.draw().below(60)).unwrap_or(0) - 40;
                ScenarioStep::Redate { document, days }
            }
            10 => ScenarioStep::Unpost { document },
            11 => ScenarioStep::Delete { document },
            12 => {
                let share =
                    self.draw()
                        .pick(&[Share::Full, Share::FirstLine, Share::HalfOfFirstLine]);
                let days_later = u16::try_from(self.draw().below(20)).unwrap_or(0);
                ScenarioStep::Return {
                    name: None,
                    of: document,
                    days_later,
                    share,
                    shift: None,
                }
            }
            13 => {
                let (at, goods) = (When::Share(self.share()), self.goods());
                ScenarioStep::ReturnWithoutReceipt {
                    at,
                    card: Some(document),
                    goods,
                }
            }
            14 => {
                let kopecks = i64::from(self.draw().number_below(200_000)) - 100_000;
                ScenarioStep::Correct {
                    sale: document,
                    days_later: 3,
                    thousandths: 0,
                    kopecks,
                }
            }
            15 => {
                let (at, points) = (When::Share(self.share()), self.draw().number_below(2_000));
                ScenarioStep::Accrue {
                    card: document,
                    at,
                    points,
                    counts_after_days: 14,
                    burns_after_days: 180,
                }
            }
            16 => {
                let owner = if self.draw().percent(80) {
                    Some(self.pick())
                } else {
                    None
                };
                ScenarioStep::AssignCard {
                    card: document,
                    owner,
                }
            }
            17 => {
                self.made += 1;
                ScenarioStep::NewCustomer {
                    name: format!("customer-{}", self.made),
                    description: format!("Новичков {}", self.made),
                    phone: format!("+7 (999) 900-{:02}-{:02}", self.made / 100, self.made % 100),
                    barcode: format!("2990{:09}", self.made),
                }
            }
            18 => ScenarioStep::Repost { document },
            _ => {
                let description = format!("Переименовано {}", self.draw().below(1_000));
                ScenarioStep::RenameProduct {
                    product: document,
                    description,
                }
            }
        }
    }

    fn receipt_in_shift(&mut self) -> ScenarioStep {
        let goods = self.goods();
        let card = if self.draw().percent(80) {
            Some(self.pick())
        } else {
            None
        };
        let share = self.share();
        let shifts = &mut self.shifts;
        let open = self.open.get_or_insert_with(|| {
            *shifts += 1;
            OpenShift {
                name: format!("shift-{shifts}"),
                share,
                receipts: 0,
            }
        });
        open.receipts += 1;
        ScenarioStep::Receipt {
            name: None,
            at: When::Share(open.share),
            card,
            goods,
            shift: Some(open.name.clone()),
        }
    }
}
