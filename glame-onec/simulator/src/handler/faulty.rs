//! What a request gets when something is to go wrong.

use std::sync::PoisonError;

use hyper::header::{LOCATION, RETRY_AFTER};

use super::sessions::stale_session;
use super::{Asked, Handler, unauthorized};
use crate::answer::{Answer, Ending, HTML, JSON};
use crate::errors::ODataError;
use crate::faults::{Fault, Occasion};
use crate::filter::{Bounds, parse, resolve};
use crate::options::{Format, QueryOptions};
use crate::request::Resource;
use crate::schema::Shape;
use crate::schema::registers::PERIOD;
use crate::world::World;

impl Handler {
    /// Answers, unless the plan of faults has something else in store.
    pub(super) fn answer_or_fail(
        &self,
        asked: &Asked,
        resource: &Resource,
        options: &QueryOptions,
        format: Option<Format>,
        number: u64,
    ) -> Result<Answer, ODataError> {
        let (fault, plan) = {
            let mut run = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            if run.plan().rules.is_empty() {
                drop(run);
                return self.sound_answer(asked, resource, options, format, number);
            }
            let fault = run.strike(occasion(&self.world(), resource, options));
            (fault, run.plan().clone())
        };
        let sound = || self.sound_answer(asked, resource, options, format, number);
        let Some(fault) = fault else { return sound() };
        let business = "Документ не может быть проведен: нет остатка";
        match fault {
            Fault::SlowFirstByte => sound().map(|mut answer| {
                answer.delay = plan.first_byte_delay;
                answer
            }),
            Fault::Stall => {
                sound().map(|answer| ending(answer, Ending::PauseInTheMiddle(plan.stall)))
            }
            Fault::Reset => sound().map(|answer| ending(answer, Ending::HalfThenCut)),
            Fault::TruncatedJson => sound().map(|answer| ending(answer, Ending::Half)),
            Fault::Memory { .. } => Err(ODataError::no_memory()),
            Fault::Business => Err(ODataError::business(business)),
            Fault::AutoOrder => Err(ODataError::business(
                "Ошибка при выполнении запроса: использование AUTOORDER недопустимо",
            )),
            Fault::Rights => Err(ODataError::no_rights()),
            Fault::Auth => Ok(unauthorized()),
            Fault::StaleSession => {
                self.sessions.end_all();
                Ok(stale_session())
            }
            Fault::License => Ok(Answer::new(
                500,
                HTML,
                "1C:Enterprise 8 application error: Не обнаружено свободной лицензии!",
            )),
            Fault::TooMany => Ok(Answer::html(429, "429 Too Many Requests")
                .header(RETRY_AFTER, plan.retry_after.as_secs().to_string())),
            Fault::BadGateway => Ok(Answer::html(502, "502 Bad Gateway")),
            Fault::Unavailable => Ok(Answer::html(503, "503 Service Temporarily Unavailable")),
            Fault::Timeout => Ok(Answer::html(504, "504 Gateway Time-out")),
            Fault::Maintenance => Ok(Answer::html(200, "Ведутся технические работы")),
            Fault::Redirect => {
                Ok(Answer::html(302, "302 Found").header(LOCATION, self.login_page.clone()))
            }
            Fault::MissingValue => {
                let metadata = format!("{}/$metadata#{}", self.root, resource.set_name());
                Ok(Answer::new(
                    200,
                    JSON,
                    format!("{{\"odata.metadata\": \"{metadata}\"}}"),
                ))
            }
            Fault::DuplicateRows => sound().map(repeat_first_row),
            Fault::InsertedRows => {
                self.insert_a_receipt();
                sound()
            }
            Fault::Unpublished => Err(ODataError::no_set(resource.set_name())),
            Fault::RenamedField => {
                let select = options.select.as_deref().unwrap_or("");
                let field = select.rsplit(',').next().unwrap_or("").trim();
                Err(ODataError::no_segment(field))
            }
            Fault::FilterRefused => Err(ODataError::refused_filter()),
            Fault::NoMethod => Err(ODataError::no_method()),
            Fault::HugePage => sound().map(|answer| ending(answer, Ending::Endless)),
        }
    }

    fn insert_a_receipt(&self) {
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        crate::scenario::insert_a_receipt(&mut world);
    }
}

fn ending(mut answer: Answer, ending: Ending) -> Answer {
    answer.ending = ending;
    answer
}

/// Writes the first row of a page a second time.
fn repeat_first_row(mut answer: Answer) -> Answer {
    if let Some((start, end)) = first_row(&answer.start) {
        let mut again = vec![b','];
        again.extend_from_slice(&answer.start[start..end]);
        answer.start.splice(end..end, again);
    }
    answer
}

/// The bytes of the first object in `value`.
fn first_row(json: &[u8]) -> Option<(usize, usize)> {
    let start = json.windows(1).position(|byte| byte == b"[")? + 1;
    if json.get(start) != Some(&b'{') {
        return None;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in json.iter().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some((start, at + 1));
                }
            }
            _ => {}
        }
    }
    None
}

fn occasion<'a>(world: &World, resource: &'a Resource, options: &QueryOptions) -> Occasion<'a> {
    let set = world.schema.published(resource.set_name());
    let register =
        set.is_some_and(|set| matches!(set.shape, Shape::Lines(_) | Shape::RecordSets(_)));
    let lines = set.filter(|_| register).map(|set| {
        let filter = options
            .filter
            .as_deref()
            .and_then(|text| parse(text, "$filter").ok());
        let filter = filter.and_then(|syntax| resolve(&world.schema, set, &syntax).ok());
        let bounds = filter.as_ref().map_or(Bounds::OPEN, |filter| {
            Bounds::of(filter, Some(PERIOD), None)
        });
        world.lines_between(bounds.from, bounds.to)
    });
    Occasion {
        set: resource.set_name(),
        orders_a_register: register && options.orderby.is_some(),
        selects: options.select.is_some(),
        filters: options.filter.is_some(),
        calls_a_method: calls_a_method(resource),
        lines,
    }
}

/// Tells whether a virtual table is asked for; `$count` is none.
fn calls_a_method(resource: &Resource) -> bool {
    matches!(resource, Resource::Set { key: None, tail: Some(tail), .. } if tail != "$count")
}
