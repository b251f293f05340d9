//! Why a call to 1C failed, in the words of what to do next.

mod body;
mod classify;

use std::error::Error;
use std::fmt;

pub(crate) use classify::{Reply, classify, is_page};

pub(crate) type Source = Box<dyn Error + Send + Sync>;

/// One failed call. Shows no text of 1C, no address and no data.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// The set that was asked, if the call was about one.
    pub(crate) set: Option<&'static str>,
    /// The status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    /// The code of 1C's error, if it gave one.
    pub(crate) code: Option<String>,
    source: Option<Source>,
}

/// What failed, told apart by what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// No connection.
    Unreachable,
    /// The server shows a certificate that is not trusted.
    Untrusted,
    /// The answer began too late or stood still.
    Slow,
    /// The answer broke off.
    Interrupted,
    /// 1C or its front end asks to come back later.
    Busy,
    /// The base is locked, updated, or shows a page instead of data.
    Maintenance,
    /// 1C lacked memory for so many rows.
    OutOfMemory,
    /// The answer is larger than the limit.
    TooLarge,
    /// An internal error that 1C does not explain.
    Internal,
    /// The server's disk is full.
    DiskFull,
    /// The session of the cookie is gone.
    StaleSession,
    /// Login or password are wrong, or the user is blocked.
    LoginRefused,
    /// The user may not read this.
    RightsRefused,
    /// The set is not published, or this version of 1C does not have it.
    NotPublished,
    /// No object has this key.
    NoSuchObject,
    /// The address leads to no OData service.
    WrongAddress,
    /// A field or a path that this base does not have.
    UnknownField(Option<String>),
    /// 1C refuses this kind of filter or order, though the request is well formed.
    OperationRefused,
    /// Any other refusal of the request.
    RequestRefused,
    /// Rows moved from one page to another each time that they were read.
    Changing,
    /// The answer sends us to another origin, and the login does not go there.
    Redirected(String),
    /// An answer that is not what was asked for.
    Unexpected(&'static str),
}

impl Fault {
    pub(crate) fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            set: None,
            status: None,
            code: None,
            source: None,
        }
    }

    pub(crate) fn caused_by(kind: FaultKind, source: impl Into<Source>) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::new(kind)
        }
    }

    pub(crate) fn about(mut self, set: &'static str) -> Self {
        self.set = Some(set);
        self
    }

    /// Gives what the transport or the parser said.
    pub(crate) fn into_source(self) -> Option<Source> {
        self.source
    }

    /// Tells whether fewer rows at once may help.
    pub(crate) fn asks_for_less(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::Slow | FaultKind::OutOfMemory | FaultKind::TooLarge
        )
    }

    /// Tells whether the rows may be had without a filter.
    pub(crate) fn refuses_filter(&self) -> bool {
        let refused_in_words = self.kind == FaultKind::OperationRefused;
        refused_in_words || self.kind == FaultKind::RightsRefused && self.asks_for_simpler()
    }

    /// Tells whether another question may have the same answer: 1C is there, but not for this one.
    pub(crate) fn leaves_another_way(&self) -> bool {
        match self.kind {
            FaultKind::Slow
            | FaultKind::OutOfMemory
            | FaultKind::TooLarge
            | FaultKind::Internal
            | FaultKind::RightsRefused
            | FaultKind::NotPublished
            | FaultKind::NoSuchObject
            | FaultKind::WrongAddress
            | FaultKind::UnknownField(_)
            | FaultKind::OperationRefused
            | FaultKind::RequestRefused
            | FaultKind::Changing
            | FaultKind::Unexpected(_) => true,
            FaultKind::Unreachable
            | FaultKind::Untrusted
            | FaultKind::Interrupted
            | FaultKind::Busy
            | FaultKind::Maintenance
            | FaultKind::DiskFull
            | FaultKind::StaleSession
            | FaultKind::LoginRefused
            | FaultKind::Redirected(_) => false,
        }
    }

    /// Tells whether a simpler request may help: no order, no composite types.
    pub(crate) fn asks_for_simpler(&self) -> bool {
        match self.kind {
            FaultKind::OperationRefused | FaultKind::RequestRefused | FaultKind::Internal => true,
            FaultKind::RightsRefused => self.code.is_none() && self.status == Some(403),
            FaultKind::Unreachable
            | FaultKind::Untrusted
            | FaultKind::Slow
            | FaultKind::Interrupted
            | FaultKind::Busy
            | FaultKind::Maintenance
            | FaultKind::OutOfMemory
            | FaultKind::TooLarge
            | FaultKind::DiskFull
            | FaultKind::StaleSession
            | FaultKind::LoginRefused
            | FaultKind::NotPublished
            | FaultKind::NoSuchObject
            | FaultKind::WrongAddress
            | FaultKind::UnknownField(_)
            | FaultKind::Changing
            | FaultKind::Redirected(_)
            | FaultKind::Unexpected(_) => false,
        }
    }
}

impl FaultKind {
    /// Tells whether 1C needs minutes rather than seconds.
    pub(crate) const fn means_busy(&self) -> bool {
        matches!(self, Self::Busy | Self::Maintenance | Self::StaleSession)
    }

    /// A stable word for logs and reports.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::Slow => "slow",
            Self::Interrupted => "interrupted",
            Self::Busy => "busy",
            Self::Maintenance => "maintenance",
            Self::OutOfMemory => "out_of_memory",
            Self::TooLarge => "too_large",
            Self::Internal => "internal",
            Self::DiskFull => "disk_full",
            Self::StaleSession => "stale_session",
            Self::LoginRefused => "login_refused",
            Self::RightsRefused => "rights_refused",
            Self::NotPublished => "not_published",
            Self::NoSuchObject => "no_such_object",
            Self::WrongAddress => "wrong_address",
            Self::UnknownField(_) => "unknown_field",
            Self::OperationRefused => "operation_refused",
            Self::RequestRefused => "request_refused",
            Self::Changing => "changing",
            Self::Redirected(_) => "redirected",
            Self::Unexpected(_) => "unexpected",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => {
                f.write_str("1C cannot be reached; check the address and the network")
            }
            Self::Untrusted => f.write_str(
                "the certificate of the server is not trusted; renew it, or install its authority \
                 on this system",
            ),
            Self::Slow => f.write_str("1C answers too slowly; try again or ask for smaller pages"),
            Self::Interrupted => f.write_str("the answer of 1C broke off; try again"),
            Self::Busy => f.write_str("1C is busy or out of sessions; try again in some minutes"),
            Self::Maintenance => {
                f.write_str("the base is locked or under maintenance; try again in some minutes")
            }
            Self::OutOfMemory => f.write_str("1C lacks memory for so many rows; ask for smaller pages"),
            Self::TooLarge => {
                f.write_str("the answer exceeds max_page_bytes; ask for smaller pages or raise it")
            }
            Self::Internal => f.write_str("1C had an internal error; try again, then see its event log"),
            Self::DiskFull => f.write_str("the disk of the 1C server is full; tell its administrator"),
            Self::StaleSession => f.write_str("the 1C session is gone; try again"),
            Self::LoginRefused => f.write_str(
                "login refused; check login and password of the OData user before the next attempt, \
                 for repeated failures may block it",
            ),
            Self::RightsRefused => {
                f.write_str("rights refused; give the OData user full read access to this set")
            }
            Self::NotPublished => {
                f.write_str("the set is not published; tick it in the REST service settings of the base")
            }
            Self::NoSuchObject => f.write_str("1C knows no object with this key"),
            Self::WrongAddress => {
                f.write_str("no OData service answers at this address; check base_url and the publication")
            }
            Self::UnknownField(Some(field)) => {
                write!(f, "the base has no field {field}; run the doctor, the configuration may have changed")
            }
            Self::UnknownField(None) => {
                f.write_str("the base lacks a field; run the doctor, the configuration may have changed")
            }
            Self::OperationRefused => f.write_str("1C refuses this kind of filter or order"),
            Self::RequestRefused => f.write_str("1C refuses the request"),
            Self::Changing => f.write_str(
                "rows are entered or deleted faster than they can be read; try again when the shop is \
                 quiet, or with larger pages",
            ),
            Self::Redirected(origin) => write!(
                f,
                "1C redirects to {origin}, where the login is not sent; if that is right, set it as base_url"
            ),
            Self::Unexpected(what) => write!(f, "1C answered {what}; check base_url and the version of 1C"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        let mut notes = Vec::new();
        if let Some(set) = self.set {
            notes.push(set.to_owned());
        }
        if let Some(status) = self.status {
            notes.push(format!("HTTP {status}"));
        }
        if let Some(code) = &self.code {
            notes.push(format!("code {code}"));
        }
        if notes.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", notes.join(", "))
        }
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| {
            let source: &(dyn Error + 'static) = source;
            source
        })
    }
}
