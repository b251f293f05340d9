//! What a simulated base is made of and how it behaves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use uuid::Uuid;

use crate::faults::FaultPlan;

/// Describes one simulated base.
///
/// # Examples
///
/// ```
/// use glame_onec_simulator::{BaseSettings, SimulatorSettings};
///
/// let settings = SimulatorSettings {
///     base: BaseSettings::Generated { customers: 100, lines: 1_000, seed: 7 },
///     ..SimulatorSettings::default()
/// };
/// assert_eq!(settings.user, "odata");
/// ```
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// Where to listen; port 0 takes any free port.
    pub listen: SocketAddr,
    /// What the base holds at the start.
    pub base: BaseSettings,
    /// The only login that is let in; may be Cyrillic.
    pub user: String,
    /// Its password.
    pub password: String,
    /// What goes wrong, and when.
    pub faults: FaultPlan,
    /// The odd habits of the server.
    pub quirks: Quirks,
    /// What is not published, or under another name.
    pub published: Published,
    /// How long every answer is held back.
    pub page_latency: Duration,
    /// Objects and recorders that the user has no right to see.
    pub hidden: BTreeSet<Uuid>,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            base: BaseSettings::default(),
            user: "odata".to_owned(),
            password: "odata".to_owned(),
            faults: FaultPlan::default(),
            quirks: Quirks::default(),
            published: Published::default(),
            page_latency: Duration::ZERO,
            hidden: BTreeSet::new(),
        }
    }
}

/// What the base holds before any scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaseSettings {
    /// An invented shop of any size; the same numbers always give the same shop.
    Generated {
        /// How many counterparties have a card.
        customers: usize,
        /// How many lines the register of sales has.
        lines: usize,
        /// Which of the endless shops of this size.
        seed: u64,
    },
    /// The Online Retail data set as a Russian shop.
    OnlineRetail,
    /// A few customers and goods, and not a single sale.
    Empty,
}

impl Default for BaseSettings {
    fn default() -> Self {
        Self::Generated {
            customers: 200,
            lines: 4_000,
            seed: 1,
        }
    }
}

/// The odd habits of real servers, each of which a client must bear.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each habit is there or not, independently"
)]
pub struct Quirks {
    /// Rows come in another order at every request that does not ask for one.
    pub unstable_order: bool,
    /// What `$inlinecount=allpages` does to `$top` and `$skip`.
    pub inlinecount: InlineCount,
    /// Every body begins with a byte order mark; that of `$count` always does.
    pub bom: bool,
    /// Bodies are compressed for those who accept it.
    pub gzip: bool,
    /// Bodies come in chunks, without a length.
    pub chunked: bool,
    /// Path segments of more than 260 characters are refused in HTML, as IIS does.
    pub iis_segment_limit: bool,
    /// JSON is spread over lines, as 1C sends it.
    pub pretty_json: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            unstable_order: false,
            inlinecount: InlineCount::Doc,
            bom: false,
            gzip: false,
            chunked: false,
            iis_segment_limit: false,
            pretty_json: true,
        }
    }
}

/// The two behaviours of `$inlinecount` that were reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InlineCount {
    /// As documented: `$top` and `$skip` are ignored.
    Doc,
    /// As seen on a live base: they are kept.
    Live,
}

/// What the administrator published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Sets that answer 404; a register's name covers its `_RecordType` too.
    pub unpublished_sets: BTreeSet<String>,
    /// For a set, the old and the new names of its fields.
    pub renamed_fields: BTreeMap<String, BTreeMap<String, String>>,
}
