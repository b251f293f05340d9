use std::sync::Arc;

use poem::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use poem::http::{HeaderMap, HeaderValue};
use poem::{Body, Endpoint, IntoResponse, Request, Response};
use poem_openapi::types::ToJSON;

use super::super::answer::REPLAYED;
use super::{Problem, ProblemBody, ProblemCode};
use crate::http::{RateLimitFields, RequestId};

/// A language in which titles are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Russian,
    English,
}

/// Gives every problem its body, in the language that the client asks for.
pub(crate) async fn answered_in_the_language_of_the_client<E: Endpoint>(
    endpoint: Arc<E>,
    request: Request,
) -> poem::Result<Response> {
    let language = Language::wanted_by(request.headers());
    let trace_id = request.data::<RequestId>().map(ToString::to_string);
    let response = match endpoint.call(request).await {
        Ok(response) => response.into_response(),
        Err(error) => answer_to(&error),
    };
    Ok(match response.data::<Problem>().cloned() {
        Some(problem) => told(response, &problem, language, trace_id),
        None => response,
    })
}

/// Gives the answer to an error, still without its body.
pub(crate) fn answer_to(error: &poem::Error) -> Response {
    let mut response = Problem::from(error).into_response();
    if let Some(pattern) = error.data::<poem::PathPattern>() {
        response.set_data(pattern.clone());
    }
    response
}

fn told(
    mut response: Response,
    problem: &Problem,
    language: Language,
    trace_id: Option<String>,
) -> Response {
    let code = problem.code;
    let body = ProblemBody {
        kind: code.uri(),
        title: match language {
            Language::Russian => code.russian(),
            Language::English => code.english(),
        }
        .to_owned(),
        status: code.status().as_u16(),
        detail: Some(problem.detail.clone()).filter(|detail| !detail.is_empty()),
        code,
        errors: problem.errors.clone(),
        trace_id,
    };
    response.set_body(Body::from_string(body.to_json_string()));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(wait) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    if let (Some(limit), Some(wait)) = (problem.limit, problem.retry_after) {
        RateLimitFields {
            name: "attempts",
            most: limit.attempts,
            window: limit.window.to_std().unwrap_or_default(),
            left: 0,
            ends_in: wait,
        }
        .tell(headers);
    }
    if problem.replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    if matches!(code, ProblemCode::SignInNeeded | ProblemCode::SignInRefused) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

impl Language {
    /// Finds the first of our languages that the client names; weights are not looked at, because
    /// browsers write the languages in the order of the wish.
    fn wanted_by(headers: &HeaderMap) -> Self {
        let accepted = headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let named = accepted.split(',').find_map(|range| {
            match range.trim().get(..2)?.to_ascii_lowercase().as_str() {
                "ru" => Some(Self::Russian),
                "en" => Some(Self::English),
                _ => None,
            }
        });
        named.unwrap_or(Self::Russian)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_we_speak_is_taken() {
        let cases = [
            ("", Language::Russian),
            ("en", Language::English),
            ("ru-RU,ru;q=0.9,en;q=0.8", Language::Russian),
            ("de-DE,en-US;q=0.7,ru;q=0.3", Language::English),
            ("de", Language::Russian),
            ("*", Language::Russian),
        ];
        for (accepted, language) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            assert_eq!(Language::wanted_by(&headers), language, "{accepted}");
        }
    }
}
