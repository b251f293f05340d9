//! Decides what one request gets.

mod convert;
mod faulty;
mod read_set;
mod sessions;
mod virtual_tables;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, SET_COOKIE, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Method};
use uuid::Uuid;

use crate::answer::{Answer, HTML, JSON, Transport, XML};
use crate::errors::ODataError;
use crate::faults::FaultRun;
use crate::metadata;
use crate::options::{Format, QueryOptions, format};
use crate::read::Reader;
use crate::read::order::SortedPlaces;
use crate::request::{PathError, Resource};
use crate::scenario::{Applied, ScenarioError, ScenarioStep};
use crate::settings::Quirks;
use crate::world::World;

pub(crate) use sessions::Sessions;

/// Everything that the connections share.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) root: String,
    pub(crate) login_page: String,
    pub(crate) authorization: String,
    pub(crate) quirks: Quirks,
    pub(crate) hidden: Arc<BTreeSet<Uuid>>,
    pub(crate) latency: Duration,
    pub(crate) world: RwLock<World>,
    pub(crate) faults: Mutex<FaultRun>,
    pub(crate) sorted: Arc<SortedPlaces>,
    pub(crate) requests: AtomicU64,
    pub(crate) by_set: Mutex<BTreeMap<String, u64>>,
    pub(crate) sessions: Sessions,
    /// Steps that wait for a number of requests.
    pub(crate) due: Mutex<Vec<(u64, ScenarioStep)>>,
}

/// One request, with its body read.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    fn header(&self, name: hyper::header::HeaderName) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The format by `$format` or else by `Accept`; nothing means Atom.
    fn format(&self, options: Option<&QueryOptions>) -> Option<Format> {
        let wanted = options.and_then(|options| options.format);
        wanted.or_else(|| format(self.header(ACCEPT)))
    }
}

impl Handler {
    pub(crate) fn world(&self) -> World {
        self.world
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Answers one request.
    pub(crate) fn answer(&self, asked: &Asked) -> Answer {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let resource = match Resource::of(&asked.path, self.quirks.iis_segment_limit) {
            Ok(resource) => resource,
            Err(PathError::Elsewhere) => return Answer::html(404, "404 - Not Found"),
            Err(PathError::SegmentTooLong | PathError::Undecodable) => {
                return Answer::html(400, "Bad Request - Invalid URL");
            }
        };
        let mut counts = self.by_set.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(resource.set_name().to_owned()).or_default() += 1;
        drop(counts);
        self.catch_up(number);
        if asked.header(AUTHORIZATION) != self.authorization {
            return unauthorized();
        }
        let cookie = match self.sessions.enter(asked) {
            Ok(cookie) => cookie,
            Err(answer) => return answer,
        };
        let answer = self.answer_known(asked, &resource, number);
        match cookie {
            Some(cookie) => answer.header(SET_COOKIE, cookie),
            None => answer,
        }
    }

    /// Answers who was let in.
    fn answer_known(&self, asked: &Asked, resource: &Resource, number: u64) -> Answer {
        let options = match QueryOptions::read(&asked.query) {
            Ok(options) => options,
            Err(error) => return Answer::error(&error, asked.format(None)),
        };
        let format = asked.format(Some(&options));
        self.answer_or_fail(asked, resource, &options, format, number)
            .unwrap_or_else(|error| Answer::error(&error, format))
    }

    /// Carries out the steps that are due; one that fails leaves the base as it was.
    fn catch_up(&self, number: u64) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.is_empty() {
            return;
        }
        let (now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut *due)
            .into_iter()
            .partition(|(after, _)| *after < number);
        *due = later;
        drop(due);
        for (_, step) in now {
            let _nobody_to_tell = self.apply(&step);
        }
    }

    /// Carries one step out, or none of it.
    pub(crate) fn apply(&self, step: &ScenarioStep) -> Result<Applied, ScenarioError> {
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        let (mut changed, mut applied) = (world.clone(), Applied::default());
        crate::scenario::apply(&mut changed, step, &mut applied)?;
        *world = changed;
        drop(world);
        Ok(applied)
    }

    fn reader(&self, number: u64) -> Reader {
        Reader {
            world: self.world(),
            quirks: self.quirks.clone(),
            hidden: Arc::clone(&self.hidden),
            sorted: Arc::clone(&self.sorted),
            chance: number,
        }
    }

    /// Answers without any fault.
    fn sound_answer(
        &self,
        asked: &Asked,
        resource: &Resource,
        options: &QueryOptions,
        format: Option<Format>,
        number: u64,
    ) -> Result<Answer, ODataError> {
        let reader = self.reader(number);
        match resource {
            Resource::Service => Ok(match format {
                None | Some(Format::Atom) => Answer::new(
                    200,
                    XML,
                    metadata::service_xml(&reader.world.schema, &self.root),
                ),
                Some(_) => Answer::new(
                    200,
                    JSON,
                    metadata::service_json(&reader.world.schema, &self.root),
                ),
            }),
            Resource::Metadata => Ok(Answer::new(200, XML, metadata::edmx(&reader.world.schema))),
            Resource::Set { name, key, tail } => {
                let target = read_set::Target {
                    set: reader
                        .world
                        .schema
                        .published(name)
                        .ok_or_else(|| ODataError::no_set(name))?,
                    key: key.as_deref(),
                    tail: tail.as_deref(),
                };
                if asked.method == Method::GET {
                    read_set::read(&reader, &self.root, &target, options, format)
                } else {
                    self.write(&reader, asked, &target, format)
                }
            }
        }
    }

    pub(crate) fn transport(&self, asked: &Asked) -> Transport {
        let accepts = asked.header(ACCEPT_ENCODING).contains("gzip");
        Transport {
            byte_order_mark: self.quirks.bom,
            gzip: self.quirks.gzip && accepts,
            chunked: self.quirks.chunked,
        }
    }
}

/// What the web server says to a wrong password, before 1C hears of it.
fn unauthorized() -> Answer {
    Answer::new(401, HTML, "").header(WWW_AUTHENTICATE, "Basic realm=\"1C:Enterprise 8.3\"")
}
