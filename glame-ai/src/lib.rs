#![doc = include_str!("../README.md")]

mod budget;

pub use budget::{BudgetError, CallBudget, TokenPrices};
