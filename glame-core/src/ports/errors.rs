/// The cause of a failure that only the adapter knows.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Tells why storage could not do what it was asked, by what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Something else has been written in between: read again and decide again.
    #[error("{what} has been changed by someone else")]
    Conflict {
        /// What was being written.
        what: &'static str,
    },
    /// The database cannot be reached or is busy: try later.
    #[error("the database is unavailable while {during}")]
    Unavailable {
        /// What was being done.
        during: &'static str,
        /// What the driver says.
        source: BoxError,
    },
    /// The database refuses: settings, rights, schema, disk. A person must look.
    #[error("the database refuses {during}: {advice}")]
    Refused {
        /// What was being done.
        during: &'static str,
        /// What to do.
        advice: String,
        /// What the driver says.
        source: BoxError,
    },
    /// A stored row breaks a rule. A person must look.
    #[error("stored data is corrupt in {table}.{column}")]
    Corrupt {
        /// The table of the row.
        table: &'static str,
        /// The column of the value.
        column: &'static str,
        /// What is wrong with the value.
        source: BoxError,
    },
}

impl StorageError {
    /// Tells whether the same may work later without anybody's help.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Unavailable { .. })
    }
}

/// Tells why the shop's base could not be read, by what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It cannot be reached, is locked or busy, although it was tried several times: try later.
    #[error("the shop's base is unavailable: {advice}")]
    Unavailable {
        /// What happened and what to do if it stays so.
        advice: String,
        /// What the transport says.
        #[source]
        source: Option<BoxError>,
    },
    /// It refuses: address, password, rights, publication. A person must act.
    #[error("the shop's base refuses: {advice}")]
    Refused {
        /// What happened and what to do about it.
        advice: String,
        /// What the transport says.
        #[source]
        source: Option<BoxError>,
    },
    /// It answers something that is not understood. A person must look.
    #[error("the shop's base answers unexpectedly: {advice}")]
    Unexpected {
        /// What happened and what to do about it.
        advice: String,
        /// What the parser says.
        #[source]
        source: Option<BoxError>,
    },
}

impl SourceError {
    /// Tells whether the same may work later without anybody's help.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
