//! Answers of operations that went well.

use std::marker::PhantomData;

use poem::http::header::{ETAG, HeaderName, LOCATION};
use poem::http::{HeaderMap, HeaderValue, StatusCode};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};

use super::problem::Refused;

/// What an operation gives: a body, or a refusal with one of the statuses of `S`.
pub type Answer<T, S> = Result<T, Refused<S>>;

/// The header that tells that the same was done before under the same key.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A kind of success.
pub trait Success: Send + Sync + 'static {
    /// Its status.
    const STATUS: StatusCode;
    /// What it means.
    const DESCRIPTION: &'static str;
    /// The headers that go with it, and what they tell.
    const HEADERS: &'static [(&'static str, &'static str)];
}

macro_rules! successes {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $description:literal, [$($header:literal: $tells:literal),*];)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl Success for $name {
            const STATUS: StatusCode = StatusCode::$status;
            const DESCRIPTION: &'static str = $description;
            const HEADERS: &'static [(&'static str, &'static str)] = &[$(($header, $tells)),*];
        }
    )* };
}

successes! {
    /// It is as told.
    Found = OK, "It is as told.", [];
    /// It is as told, in this version.
    Versioned = OK, "It is as told, in the version of `ETag`.",
        ["ETag": "The version, for `If-Match`."];
    /// It was made.
    Made = CREATED, "It was made.", ["Location": "Where it is from now on."];
    /// It was begun.
    Begun = ACCEPTED, "It was begun and goes on.", ["Location": "Where to ask how far it is."];
    /// It was carried out once, now or before.
    CarriedOut = OK, "It was carried out, or told as it would be.",
        ["Idempotency-Replayed": "`true` if it was carried out before, under the same key."];
}

/// A JSON body with its headers.
#[derive(Debug, Clone)]
pub struct Told<T, K = Found> {
    body: T,
    headers: HeaderMap,
    kind: PhantomData<fn() -> K>,
}

impl<T, K> Told<T, K> {
    /// Tells this.
    pub fn new(body: T) -> Self {
        Self {
            body,
            headers: HeaderMap::new(),
            kind: PhantomData,
        }
    }

    fn with(mut self, name: HeaderName, text: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(text) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl<T> Told<T, Versioned> {
    /// Tells this in a version.
    pub fn in_version(body: T, version: i64) -> Self {
        Self::new(body).with(ETAG, &format!("\"{version}\""))
    }
}

impl<T> Told<T, Made> {
    /// Tells what was made and where it is.
    pub fn made(body: T, location: &str) -> Self {
        Self::new(body).with(LOCATION, location)
    }
}

impl<T> Told<T, Begun> {
    /// Tells what was begun and where to ask for it.
    pub fn begun(body: T, location: &str) -> Self {
        Self::new(body).with(LOCATION, location)
    }
}

impl<T> Told<T, CarriedOut> {
    /// Tells what was carried out, and whether that was before.
    pub fn carried_out(body: T, replayed: bool) -> Self {
        let told = Self::new(body);
        if replayed {
            told.with(REPLAYED, "true")
        } else {
            told
        }
    }
}

impl<T: ToJSON, K: Success> IntoResponse for Told<T, K> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.set_status(K::STATUS);
        response.headers_mut().extend(self.headers);
        response
    }
}

impl<T: Type + ToJSON, K: Success> ApiResponse for Told<T, K> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: K::DESCRIPTION,
                status: Some(K::STATUS.as_u16()),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: Json::<T>::CONTENT_TYPE,
                    schema: T::schema_ref(),
                }],
                headers: K::HEADERS.iter().map(header).collect(),
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

fn header((name, tells): &(&'static str, &'static str)) -> MetaHeader {
    MetaHeader {
        name: (*name).to_owned(),
        description: Some((*tells).to_owned()),
        required: false,
        deprecated: false,
        schema: String::schema_ref(),
    }
}

/// It was done, and there is nothing to tell.
#[derive(Debug, Clone, Copy)]
pub struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl ApiResponse for Done {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "It was done.",
                status: Some(204),
                status_range: None,
                content: Vec::new(),
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}
