use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};

use glame_core::webhooks::Reach;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::turns::Turns;

/// How many names are looked up at once. A name can take the system longer than an endpoint has, and
/// such names must not take the threads on which passwords are hashed.
const LOOKUPS_AT_ONCE: usize = 64;

/// Tells that a name leads to no address that may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to no address of the public internet")]
pub struct AddressRefused;

/// Looks names up, and gives only those addresses that may be called.
///
/// The client connects to what it is given here and to nothing else, so that there is no moment
/// between the check and the connection in which a name could change its mind (DNS rebinding).
/// Addresses that are written out are never looked up: whoever calls must check them first.
#[derive(Debug, Clone)]
pub struct GuardedResolver {
    reach: Reach,
    turns: Turns,
    names: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

impl GuardedResolver {
    /// Lets addresses pass that are within reach.
    #[must_use]
    pub fn new(reach: Reach) -> Self {
        Self {
            reach,
            turns: Turns::new(LOOKUPS_AT_ONCE),
            names: Arc::default(),
        }
    }

    /// Gives the one turn of a name: a name that is slow to be looked up keeps only itself waiting.
    fn turn_of(&self, name: &str) -> Arc<Semaphore> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|_, turn| Arc::strong_count(turn) > 1);
        let turn = names.entry(name.to_owned());
        Arc::clone(turn.or_insert_with(|| Arc::new(Semaphore::new(1))))
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, turns, turn) = (self.reach, self.turns.clone(), self.turn_of(name.as_str()));
        Box::pin(async move {
            let turn = turn.acquire_owned().await?;
            let found = turns.run(move || {
                // The port is not known here; the client puts it in.
                let found = (name.as_str(), 0).to_socket_addrs();
                drop(turn);
                found
            });
            Ok(within_reach(found.await??.collect(), reach)?)
        })
    }
}

/// Leaves out what may not be called.
fn within_reach(found: Vec<SocketAddr>, reach: Reach) -> io::Result<Addrs> {
    let allowed: Vec<SocketAddr> = found
        .into_iter()
        .filter(|address| reach.allows(address.ip()))
        .collect();
    if allowed.is_empty() {
        return Err(io::Error::other(AddressRefused));
    }
    Ok(Box::new(allowed.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(addresses: &[&str], reach: Reach) -> Option<Vec<String>> {
        let found = addresses
            .iter()
            .map(|address| SocketAddr::new(address.parse().unwrap(), 0))
            .collect();
        let allowed = within_reach(found, reach).ok()?;
        Some(allowed.map(|address| address.ip().to_string()).collect())
    }

    #[test]
    fn a_name_gives_only_what_may_be_called() {
        let public = ["93.184.216.34".to_owned()].to_vec();
        let mixed = ["10.0.0.1", "93.184.216.34", "::1", "::ffff:127.0.0.1"];
        assert_eq!(allowed(&mixed, Reach::Public), Some(public));
        assert_eq!(allowed(&["10.0.0.1", "fe80::1"], Reach::Public), None);
        assert_eq!(allowed(&[], Reach::Public), None);
        let loopback = ["127.0.0.1".to_owned()].to_vec();
        let both = ["127.0.0.1", "192.168.0.1"];
        assert_eq!(allowed(&both, Reach::AlsoLoopback), Some(loopback));
    }

    #[tokio::test]
    async fn the_name_of_the_machine_itself_is_refused() {
        let name = || "localhost".parse().unwrap();
        let refused = GuardedResolver::new(Reach::Public).resolve(name()).await;
        let error = refused.err().unwrap();
        assert_eq!(error.to_string(), AddressRefused.to_string());
        let allowed = GuardedResolver::new(Reach::AlsoLoopback)
            .resolve(name())
            .await;
        assert!(allowed.unwrap().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn a_name_has_one_turn_as_long_as_somebody_needs_it() {
        let resolver = GuardedResolver::new(Reach::Public);
        let (one, same) = (
            resolver.turn_of("till.example"),
            resolver.turn_of("till.example"),
        );
        assert!(Arc::ptr_eq(&one, &same));
        assert!(!Arc::ptr_eq(&one, &resolver.turn_of("shop.example")));
        drop((one, same));
        let _ = resolver.turn_of("shop.example");
        assert_eq!(resolver.names.lock().unwrap().len(), 1);
    }
}
