//! The running simulator and what a test can do with it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::base::Base;
use crate::base::fixture::Fixture;
use crate::base::generated::Generated;
use crate::base::online_retail::OnlineRetail;
use crate::base64;
use crate::faults::{FaultPlan, FaultRun};
use crate::handler::{Handler, Sessions};
use crate::oracle::Oracle;
use crate::request::ROOT;
use crate::scenario::{Applied, Scenario, ScenarioError, ScenarioStep, TimedStep};
use crate::schema::Schema;
use crate::server::{ForeignRequest, ForeignRequests, bind, serve};
use crate::settings::{BaseSettings, SimulatorSettings};
use crate::world::World;

/// The simulator could not begin to serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}; choose another address or port")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The thread that serves could not be made.
    #[error("cannot start the serving thread")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
}

/// A login and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The login; may be Cyrillic.
    pub user: String,
    /// The password.
    pub password: String,
}

/// A running base; dropping it stops the server.
#[derive(Debug)]
pub struct Simulator {
    handler: Arc<Handler>,
    credentials: Credentials,
    address: SocketAddr,
    foreign: ForeignRequests,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Makes the base and begins to serve it on a thread of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use glame_onec_simulator::{Simulator, SimulatorSettings};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), glame_onec_simulator::StartError> {
    /// let base = Simulator::start(SimulatorSettings::default()).await?;
    /// assert!(base.base_url().ends_with("/a/sbm/1234567/odata/standard.odata"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(settings: SimulatorSettings) -> Result<Self, StartError> {
        let listen =
            |address| bind(address).map_err(|source| StartError::Listen { address, source });
        let base_socket = listen(settings.listen)?;
        let other_socket = listen(SocketAddr::new(settings.listen.ip(), 0))?;
        let address = base_socket
            .local_addr()
            .map_err(|source| StartError::Listen {
                address: settings.listen,
                source,
            })?;
        let other = other_socket
            .local_addr()
            .map_err(|source| StartError::Listen {
                address: settings.listen,
                source,
            })?;
        let credentials = Credentials {
            user: settings.user.clone(),
            password: settings.password.clone(),
        };
        let foreign = ForeignRequests::default();
        let (stop, stopped) = oneshot::channel();
        let (made, making) = oneshot::channel();
        let served = Arc::clone(&foreign);
        // A thread of its own: the caller may block its runtime, and the base still answers.
        let thread = std::thread::Builder::new()
            .name("onec-simulator".to_owned())
            .spawn(move || {
                let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                else {
                    return;
                };
                let handler = Arc::new(handler(settings, address, other));
                if made.send(Arc::clone(&handler)).is_ok() {
                    // Accepting ends only with the stop signal or with the process.
                    let _ended = runtime.block_on(serve(
                        base_socket,
                        other_socket,
                        handler,
                        served,
                        stopped,
                    ));
                }
            })
            .map_err(|source| StartError::Thread { source })?;
        let handler = making.await.map_err(|_| StartError::Thread {
            source: io::Error::other("the serving thread ended before it began"),
        })?;
        let (stop, thread) = (Some(stop), Some(thread));
        Ok(Self {
            handler,
            credentials,
            address,
            foreign,
            stop,
            thread,
        })
    }

    /// The service root, as a client is given it.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}{ROOT}", self.address)
    }

    /// The login that is let in.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// How many requests came so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.handler.requests.load(Ordering::Relaxed)
    }

    /// The same, for each set; the service document counts under the empty name.
    #[must_use]
    pub fn requests_by_set(&self) -> BTreeMap<String, u64> {
        self.handler
            .by_set
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Requests that followed a redirect to the other origin.
    #[must_use]
    pub fn foreign_requests(&self) -> Vec<ForeignRequest> {
        self.foreign
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether anybody took credentials to the other origin.
    #[must_use]
    pub fn seen_credentials_elsewhere(&self) -> bool {
        self.foreign_requests()
            .iter()
            .any(|request| request.authorization.is_some())
    }

    /// What a client must arrive at, worked out from the documents as they are now.
    #[must_use]
    pub fn oracle(&self) -> Oracle {
        Oracle::new(self.handler.world())
    }

    /// Carries out one step.
    pub fn apply(&self, step: &ScenarioStep) -> Result<Applied, ScenarioError> {
        self.handler.apply(step)
    }

    /// Carries out the steps of a scenario; those that wait for requests happen later.
    pub fn run(&self, scenario: &Scenario) -> Result<Applied, ScenarioError> {
        let begun = self.requests();
        let mut applied = Applied::default();
        for TimedStep {
            after_requests,
            step,
        } in &scenario.steps
        {
            if *after_requests == 0 {
                let Applied { documents, objects } = self.apply(step)?;
                applied.documents.extend(documents);
                applied.objects.extend(objects);
            } else {
                let mut due = self
                    .handler
                    .due
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                due.push((begun + after_requests, step.clone()));
            }
        }
        Ok(applied)
    }

    /// Replaces what goes wrong; counts of the old plan are forgotten.
    pub fn set_faults(&self, plan: FaultPlan) {
        *self
            .handler
            .faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = FaultRun::new(plan);
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            let _gone = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic over there was reported over there.
            let _joined = thread.join();
        }
    }
}

fn handler(settings: SimulatorSettings, address: SocketAddr, other: SocketAddr) -> Handler {
    let base: Arc<dyn Base> = match settings.base {
        BaseSettings::Generated {
            customers,
            lines,
            seed,
        } => Arc::new(Generated::new(customers, lines, seed)),
        BaseSettings::OnlineRetail => Arc::new(OnlineRetail::load()),
        BaseSettings::Empty => Arc::new(Fixture::new()),
    };
    let schema = Arc::new(Schema::new(&settings.published));
    let login = format!("{}:{}", settings.user, settings.password);
    Handler {
        root: format!("http://{address}{ROOT}"),
        login_page: format!("http://{other}/login"),
        authorization: format!("Basic {}", base64::encode(login.as_bytes())),
        quirks: settings.quirks,
        hidden: Arc::new(settings.hidden),
        latency: settings.page_latency,
        world: RwLock::new(World::new(base, schema)),
        faults: Mutex::new(FaultRun::new(settings.faults)),
        sorted: Arc::default(),
        requests: AtomicU64::new(0),
        by_set: Mutex::default(),
        sessions: Sessions::default(),
        due: Mutex::default(),
    }
}
