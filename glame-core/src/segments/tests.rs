//! The columnar evaluator against a naive one, and the laws of its logic.

mod guide;
mod laws;
mod naive;
mod population;
