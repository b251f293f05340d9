#![doc = include_str!("../README.md")]

mod base;
mod catalogue;
mod doctor;
mod errors;
mod local_time;
mod metadata;
mod numbers;
mod page;
mod points;
mod query;
mod records;
mod sales;
mod settings;
mod source;
mod source_error;
mod translate;
mod transport;
mod windows;

pub use doctor::{Capabilities, Check, Diagnosis, Finding, FindingStatus, RecorderKeyShape};
pub use settings::{
    BonusPoints, BrandSource, Credentials, HiddenRows, OnecSettings, PageSizes, ReceiptHolders,
    Retries, SalesRegister, SessionReuse, SettingsError, Timeouts,
};
pub use source::OnecSource;
